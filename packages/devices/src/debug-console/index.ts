export { DEBUG_CONSOLE_PORT, DebugConsole, type DebugConsoleSink } from './debug-console.ts';
export { attachDebugConsole } from './ports.ts';
