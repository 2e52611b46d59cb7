export function execX87Transcendental(cpu: u32, pc: u32, operation: u32): u32 { return 0; }
