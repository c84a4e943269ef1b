/** Randomness that a seed repeats: mulberry32. */
export const randomness = (seed) => {
  let state = seed;
  const random = (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
  const times = (n, make) => Array.from({ length: n }, (_, i) => make(i));
  return {
    random,
    times,
    pick: (...list) => list[random(list.length)],
    bytes: (n) => Uint8Array.from(times(n, () => random(256))),
  };
};
