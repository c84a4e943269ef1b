/** Looks of what is only shown while a factor is enrolled, which come with it. */
export const css: string = `
.qr { display: grid; place-items: center; margin-block: .25rem 0; }
.qr svg {
  inline-size: min(12.5rem, 100%); block-size: auto; border-radius: var(--_inner); border: 1px solid var(--_line);
  forced-color-adjust: none;
}
.qr-light { fill: #fff; }
.qr-dark { fill: #000; }
.secret {
  display: flex; flex-wrap: wrap; align-items: baseline; justify-content: center; gap: .25rem .75rem;
  margin-block: .25rem 1.25rem; font-size: .875rem;
}
.secret code { font-weight: 500; letter-spacing: .02em; text-align: center; user-select: all; }
.codes {
  list-style: none; display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .25rem .5rem; margin: 0 0 .625rem;
  padding: .875rem .75rem; border-radius: var(--_inner); background: var(--_raised); font-size: .8125rem; text-align: center;
}
.codes code { white-space: nowrap; }
`;
