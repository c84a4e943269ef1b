/** All of the sheet's looks. Names that begin with --stepup- are for pages to set; docs/sdk/prompt.md lists them. */
export const css: string = `
:host {
  color-scheme: light dark;
  display: contents;
  --_surface: var(--stepup-surface, light-dark(#ffffff, #17191e));
  --_raised: var(--stepup-raised, light-dark(#f5f6f8, #22252c));
  --_text: var(--stepup-text, light-dark(#14161a, #f2f4f7));
  --_muted: var(--stepup-muted, light-dark(#5b6270, #a8b0bd));
  --_line: var(--stepup-line, light-dark(#e1e4e9, #343943));
  --_edge: var(--stepup-edge, light-dark(#858c99, #7a8290));
  --_accent: var(--stepup-accent, light-dark(#2152e5, #9db7ff));
  --_on-accent: var(--stepup-on-accent, light-dark(#ffffff, #0c1226));
  --_bad: var(--stepup-bad, light-dark(#b3261e, #ffb4ab));
  --_bad-ground: var(--stepup-bad-ground, light-dark(#fdeeed, #3a1f1e));
  --_good: var(--stepup-good, light-dark(#146c3a, #7ddaa0));
  --_radius: var(--stepup-radius, 20px);
  --_inner: calc(var(--_radius) * .6);
  --_font: var(--stepup-font, system-ui, sans-serif);
  --_width: var(--stepup-width, 25rem);
}
:host([theme=light]) { color-scheme: light; }
:host([theme=dark]) { color-scheme: dark; }
:host([hidden]) { display: none; }
:host([mode=inline]) { display: block; }

*, *::before, *::after { box-sizing: border-box; }
dialog, .sheet {
  inline-size: min(var(--_width), 100%);
  max-inline-size: 100%;
  margin: auto;
  padding: 0;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  background: var(--_surface);
  color: var(--_text);
  font: 400 1rem/1.5 var(--_font);
  -webkit-font-smoothing: antialiased;
  text-align: left;
  overflow-wrap: anywhere;
}
dialog {
  max-block-size: min(100dvb - 2rem, 46rem);
  overflow: hidden auto;
  overscroll-behavior: contain;
  box-shadow: var(--stepup-shadow, 0 1px 2px rgb(0 0 0 / .08), 0 24px 64px -12px rgb(0 0 0 / .32));
}
:host(:dir(rtl)) dialog, :host(:dir(rtl)) .sheet { text-align: right; }
p, .way-name, .way-hint, .primary > span, .link, .note > span { unicode-bidi: plaintext; }
dialog::backdrop { background: var(--stepup-backdrop, rgb(13 16 23 / .52)); }
.sheet { position: relative; box-shadow: var(--stepup-shadow, 0 1px 2px rgb(0 0 0 / .05), 0 12px 40px -12px rgb(0 0 0 / .18)); }
dialog:focus { outline: none; }

header {
  display: flex;
  align-items: center;
  gap: .25rem;
  min-block-size: 3.25rem;
  padding-block: .75rem 0;
  padding-inline: 1.5rem .75rem;
}
.app {
  display: flex; align-items: center; gap: .5rem; min-inline-size: 0; flex: 1; color: var(--_muted); font-size: .875rem;
  font-weight: 500;
}
.app .icon { inline-size: 1.125rem; block-size: 1.125rem; color: var(--_accent); }
.body { padding: .25rem 1.5rem 1.5rem; }
footer {
  border-block-start: 1px solid var(--_line); padding: .875rem 1.5rem; color: var(--_muted); font-size: .8125rem;
  line-height: 1.45;
}
footer p + p { margin-block-start: .25rem; }

h1 { margin: .25rem 0 0; font-size: 1.375rem; line-height: 1.25; font-weight: 650; letter-spacing: -.012em; text-wrap: balance; }
h1:focus { outline: none; }
h2.ask { font-weight: 500; }
p { margin: 0; }
.ask { margin: 1.25rem 0 .875rem; font-size: .9375rem; line-height: 1.5; color: var(--_text); text-wrap: pretty; }
.center { text-align: center; }
.value { font-weight: 600; }
.label { display: block; color: var(--_muted); font-size: .8125rem; font-weight: 500; line-height: 1.4; }
.step { margin-block: .125rem -.125rem; color: var(--_accent); }
.step .value { font-weight: inherit; }
.aside { margin-block-start: .875rem; color: var(--_muted); font-size: .875rem; text-align: center; }
.aside .value, footer .value, .way-hint .value { font-weight: 500; font-variant-numeric: tabular-nums; }
footer .value { color: var(--_text); }

.icon {
  inline-size: 1.25rem; block-size: 1.25rem; flex: none; fill: none; stroke: currentColor; stroke-width: 1.75;
  stroke-linecap: round; stroke-linejoin: round;
}
:host(:dir(rtl)) .icon-next, :host(:dir(rtl)) .icon-back { transform: scaleX(-1); }

.approved {
  margin-block-start: .875rem; padding: .75rem 1rem .8125rem; border-radius: var(--_inner); background: var(--_raised);
}
.approved .line { margin-block-start: .125rem; font-weight: 600; line-height: 1.4; }
.approved .line:not(.name)::first-letter { text-transform: uppercase; }
.approved.exactly { background: none; border: 1.5px solid var(--_accent); padding: .6875rem .9375rem .75rem; }
.approved .line + .line { margin-block-start: .5rem; padding-block-start: .5rem; border-block-start: 1px solid var(--_line); }
.approved code { font-size: .9375rem; }
code, input.text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }

.field { display: block; }
.field .label { margin-block-end: .375rem; }
input {
  display: block;
  inline-size: 100%;
  min-block-size: 3.5rem;
  margin: 0;
  padding: .25rem 1rem;
  border: 1px solid var(--_edge);
  border-radius: var(--_inner);
  background: var(--_surface);
  color: inherit;
  font: 500 1.0625rem/1.4 var(--_font);
  transition: border-color .12s, box-shadow .12s;
}
input.code {
  font-size: 1.625rem; font-weight: 600; letter-spacing: .28em; text-align: center; padding-inline: 1.28rem 1rem;
  font-variant-numeric: tabular-nums;
}
input.text { letter-spacing: .04em; }
input::placeholder { color: var(--_edge); opacity: .55; }
input:focus {
  outline: none; border-color: var(--_accent); box-shadow: 0 0 0 3px color-mix(in srgb, var(--_accent) 28%, transparent);
}
input[aria-invalid] { border-color: var(--_bad); }
input[aria-invalid]:focus { box-shadow: 0 0 0 3px color-mix(in srgb, var(--_bad) 24%, transparent); }
input:read-only { color: var(--_muted); }

button {
  font: inherit; color: inherit; background: none; border: 0; margin: 0; padding: 0; cursor: pointer;
  -webkit-tap-highlight-color: transparent;
}
button[aria-disabled] { cursor: default; }
:focus-visible { outline: 3px solid color-mix(in srgb, var(--_accent) 60%, transparent); outline-offset: 2px; }
.primary, .secondary {
  display: flex;
  align-items: center;
  justify-content: center;
  gap: .625rem;
  inline-size: 100%;
  min-block-size: 3rem;
  margin-block-start: .875rem;
  padding: .625rem 1rem;
  border-radius: var(--_inner);
  font-weight: 600;
  line-height: 1.3;
  transition: background-color .12s, transform .12s;
}
.primary { background: var(--_accent); color: var(--_on-accent); }
.primary:hover { background: color-mix(in srgb, var(--_accent) 90%, var(--_text)); }
.primary:active { transform: scale(.985); }
.primary[aria-disabled]:not([aria-busy]) { background: var(--_raised); color: var(--_muted); transform: none; }
.primary + .primary, .primary + .secondary { margin-block-start: .5rem; }
.secondary { background: var(--_raised); }
.secondary:hover { background: color-mix(in srgb, var(--_raised) 92%, var(--_text)); }
.link { color: var(--_accent); font-weight: 500; border-radius: 4px; text-underline-offset: .2em; padding-block: .125rem; }
.link:hover { text-decoration: underline; }
.link[aria-disabled] { color: var(--_muted); text-decoration: none; }
.others { margin-block-start: 1rem; text-align: center; font-size: .9375rem; }
.close, .back {
  display: grid; place-items: center; flex: none; inline-size: 2.5rem; block-size: 2.5rem; border-radius: 50%;
  color: var(--_muted);
}
.close:hover, .back:hover { background: var(--_raised); color: var(--_text); }
.back { margin-inline-start: -.875rem; }

.ways { list-style: none; margin: 0; padding: 0; border: 1px solid var(--_line); border-radius: var(--_inner); overflow: clip; }
.ways li + li { border-block-start: 1px solid var(--_line); }
.way {
  display: flex; align-items: center; gap: .875rem; inline-size: 100%; padding: .75rem .875rem; text-align: inherit;
  line-height: 1.35; transition: background-color .12s;
}
.way:hover { background: var(--_raised); }
.way:focus-visible { outline-offset: -3px; border-radius: var(--_inner); }
.tile {
  display: grid; place-items: center; flex: none; inline-size: 2.5rem; block-size: 2.5rem;
  border-radius: calc(var(--_inner) * .8); background: color-mix(in srgb, var(--_accent) 12%, transparent);
  color: var(--_accent);
}
.way-text { flex: 1; min-inline-size: 0; }
.way-name { display: block; font-weight: 600; font-size: .9375rem; }
.way-hint { display: block; color: var(--_muted); font-size: .8125rem; }
.way > .icon-next { inline-size: 1rem; block-size: 1rem; color: var(--_edge); }

.emblem {
  display: grid; place-items: center; inline-size: 4rem; block-size: 4rem; margin: 1.5rem auto 0; border-radius: 50%;
  background: color-mix(in srgb, var(--_accent) 12%, transparent); color: var(--_accent);
}
.emblem .icon { inline-size: 1.875rem; block-size: 1.875rem; stroke-width: 1.6; }
.emblem + .ask { margin-block: 1rem .25rem; }
.emblem.good { background: color-mix(in srgb, var(--_good) 14%, transparent); color: var(--_good); }
.ending { text-align: center; padding-block-end: .25rem; }
.ending .emblem { margin-block-start: .5rem; }
.ending h1 { margin-block-start: 1rem; }
.ending .ask { margin-block: .5rem 1.25rem; color: var(--_muted); }
.ending .wait { font-weight: 600; font-variant-numeric: tabular-nums; }
.screen-done { padding-block-end: 1.25rem; }

.note {
  display: flex; align-items: flex-start; gap: .625rem; margin-block: .75rem 0; padding: .625rem .75rem;
  border-radius: calc(var(--_inner) * .8); font-size: .875rem; line-height: 1.45; animation: rise .18s ease-out;
}
.note .icon { inline-size: 1.125rem; block-size: 1.125rem; margin-block-start: .1rem; }
.note.bad { background: var(--_bad-ground); color: var(--_bad); }
.note.calm { background: var(--_raised); color: var(--_muted); }
.note .detail { display: block; margin-block-start: .25rem; font-size: .8125rem; opacity: .9; }
.screen-choose .note { margin-block: 0 .75rem; }

.more { margin-block-start: 1rem; font-size: .875rem; color: var(--_muted); text-align: center; }
.more summary {
  cursor: pointer; font-weight: 500; list-style: none; border-radius: 4px; text-decoration: underline dotted;
  text-underline-offset: .25em;
}
.more summary::-webkit-details-marker { display: none; }
.more p { margin-block-start: .5rem; text-wrap: pretty; }

.skeleton { display: grid; gap: .75rem; margin-block: 1.25rem .25rem; }
.skeleton i {
  display: block; block-size: 3.5rem; border-radius: var(--_inner); background: var(--_raised);
  animation: pulse 1.4s ease-in-out infinite;
}
.skeleton i:first-child { block-size: 1rem; inline-size: 60%; border-radius: 4px; }
.skeleton i:last-child { block-size: 3rem; }
.spinner {
  inline-size: 1.125rem; block-size: 1.125rem; border-radius: 50%; border: 2px solid currentColor;
  border-inline-end-color: transparent; animation: turn .7s linear infinite;
}
.aloud {
  position: absolute; inset-block-start: 0; inset-inline-start: 0; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}

@keyframes turn { to { transform: rotate(1turn); } }
@keyframes pulse { 50% { opacity: .5; } }
@keyframes rise { from { opacity: 0; transform: translateY(-3px); } }
@keyframes appear { from { opacity: 0; transform: translateY(10px) scale(.985); } }
@keyframes veil { from { opacity: 0; } }
@keyframes slide { from { transform: translateY(40%); opacity: 0; } }
dialog[open] { animation: appear .22s cubic-bezier(.2, .8, .2, 1); }
dialog[open]::backdrop { animation: veil .22s ease-out; }
.screen > * { animation: veil .16s ease-out; }

@media (max-width: 30rem) {
  dialog {
    inline-size: 100%; max-block-size: calc(100dvb - 1.5rem); margin: auto 0 0; border-inline: 0; border-block-end: 0;
    border-end-start-radius: 0; border-end-end-radius: 0; padding-block-end: env(safe-area-inset-bottom);
  }
  dialog[open] { animation-name: slide; }
  .body { padding: .25rem 1.25rem 1.25rem; }
  header { padding-inline: 1.25rem .625rem; }
  footer { padding-inline: 1.25rem; }
}
@media (max-width: 20.5rem) {
  input.code { letter-spacing: .18em; font-size: 1.375rem; padding-inline: .75rem; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after, dialog[open], dialog[open]::backdrop {
    animation-duration: .01ms !important; animation-iteration-count: 1 !important; transition: none !important;
  }
  .spinner { animation: pulse 1.4s ease-in-out infinite !important; animation-duration: 1.4s !important; }
}
@media (prefers-contrast: more) {
  :host { --_muted: var(--_text); --_line: var(--_edge); }
}
@media (forced-colors: active) {
  .primary, .secondary, .approved, .note, .tile, .emblem { border: 1px solid ButtonBorder; }
  .primary { background: Highlight; color: HighlightText; forced-color-adjust: none; }
  input:focus, :focus-visible { outline: 3px solid Highlight; }
}
`;
