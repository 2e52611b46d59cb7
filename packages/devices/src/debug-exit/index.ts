export { DEBUG_EXIT_PORT, DebugExit, type DebugExitEvents } from './debug-exit.ts';
export { attachDebugExit } from './ports.ts';
