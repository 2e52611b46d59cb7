export { GuestMemory, RAM_MAX, RAM_MIN, type WriteObserver } from './guest-memory.ts';
