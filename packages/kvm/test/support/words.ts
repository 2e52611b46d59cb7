/** What a test and its vCPU's worker tell each other: indices of shared words. */
export const WORD = Object.freeze({ READY: 0, STOP: 1, REQUESTED: 2, SEEN: 3, EXITS: 4, PORTS: 5 });
