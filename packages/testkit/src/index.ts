export { assertCompliance, mmioSubject, pioSubject, type Subject } from './compliance.ts';
export { FakeClock } from './fake-clock.ts';
export { RecordingIrq } from './recording-irq.ts';
