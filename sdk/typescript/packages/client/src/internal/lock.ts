const chains = new WeakMap<object, Map<string, Promise<unknown>>>();

/** One at a time among those in this realm that name the same owner. */
const inTurn = <T>(owner: object, name: string, run: () => Promise<T>): Promise<T> => {
  const names = chains.get(owner) ?? new Map<string, Promise<unknown>>();
  chains.set(owner, names);
  const turn = (names.get(name) ?? Promise.resolve()).then(run, run);
  const settled = turn.catch(() => undefined);
  names.set(name, settled);
  void settled.then(() => {
    if (names.get(name) === settled) names.delete(name);
  });
  return turn;
};

interface Locks {
  request<T>(name: string, run: () => Promise<T>): Promise<T>;
}

/** One at a time: among the clients of a page by turns, among the tabs of a browser by its lock manager, where there is one. */
export const exclusively = <T>(owner: object, name: string, acrossTabs: boolean, run: () => Promise<T>): Promise<T> =>
  inTurn(owner, name, () => {
    const locks = (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;
    if (!acrossTabs || !locks) return run();
    let begun = false;
    const locked = locks.request(`stepup:${name}`, async () => {
      begun = true;
      await new Promise((resolve) => setTimeout(resolve)); // what the one before told is heard first
      return run();
    });
    return locked.catch((error: unknown) => {
      if (begun) throw error;
      return run(); // a page in a sandbox is refused locks
    });
  });
