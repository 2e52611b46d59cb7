// What the CPU kernel imports beside its memory: the machine's bus, clock and interrupt controller. All are synchronous.

/** Read `size` (1, 2, 4) bytes from an I/O port. */
@external("host", "pioRead")
export declare function pioRead(port: u32, size: u32): u32;
/** Write `size` (1, 2, 4) bytes to an I/O port. */
@external("host", "pioWrite")
export declare function pioWrite(port: u32, size: u32, value: u32): void;
/** Read `size` (1, 2, 4) bytes from guest physical address `high << 32 | low`, where there is no RAM. */
@external("host", "mmioRead")
export declare function mmioRead(low: u32, high: u32, size: u32): u32;
/** Write `size` (1, 2, 4) bytes. */
@external("host", "mmioWrite")
export declare function mmioWrite(low: u32, high: u32, size: u32, value: u32): void;
/** Guest time in nanoseconds; the TSC counts it at 1 GHz. */
@external("host", "now")
export declare function now(): f64;
/** Interrupt acknowledge to the 8259 pair: the vector. */
@external("host", "acknowledge")
export declare function acknowledge(): u32;
/** EOI of a level-triggered vector, for the I/O APICs. */
@external("host", "endOfInterrupt")
export declare function endOfInterrupt(vector: u32): void;
/** Compile the WebAssembly module of `length` bytes at `address`; its functions go to the function table, `count` of them from `first` on. */
@external("host", "compile")
export declare function compile(address: u32, length: u32, first: u32, count: u32): void;
/** Forget the compiled functions from table index `first` on. */
@external("host", "release")
export declare function release(first: u32, count: u32): void;
