/** A present to everybody, in whole euros. */
export const openingBalance = 1000;

/** Keeps all accounts, in memory. An account exists from its first mention. */
export const newLedger = () => {
  const balances = new Map();
  let transfers = 0;
  const balance = (id) => balances.get(id) ?? openingBalance;
  return {
    balance,
    /** Moves money; undefined if there is not enough. Nothing here waits, so nothing comes between. */
    transfer: (from, to, amount) => {
      if (balance(from) < amount) return undefined;
      balances.set(from, balance(from) - amount);
      balances.set(to, balance(to) + amount);
      transfers += 1;
      return { id: `transfer-${transfers}`, to, amount, balance: balance(from) };
    },
  };
};
