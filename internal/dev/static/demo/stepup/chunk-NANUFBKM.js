import{a as A,b as m,c as S,d as r,e as u,f as p,g as H,h as g,i as C,j as T,k as F,l as h,m as w,n as v,o as f,p as O,q as E}from"./chunk-U3OXAFWO.js";var Z=new Set(["email","phoneNumber","blockchain","oauth","totp","passkey"]),D=o=>[...o.credentials.filter(({format:t,displayed:n})=>Z.has(t)&&(n===!0||!o.binding?.mustDisplay)&&(t!=="passkey"||o.passkeys?.usable!==!1))].sort((t,n)=>+(n.id===o.defaultCredentialId)-+(t.id===o.defaultCredentialId)),N=({format:o})=>o==="totp"||o==="passkey",R=({reason:o,credentials:e})=>o==="cooling_down"?"cooling_down":o==="disputed"&&e.length===0?"disputed":void 0;var I={mfa_invalid_code:{text:"wrongCode"},wrong_email_verification_token:{text:"wrongCode"},wrong_sms_verification_token:{text:"wrongCode"},invalid_email_verification:{text:"codeExpired",resend:!0},invalid_sms_verification:{text:"codeExpired",resend:!0},too_many_email_verification_attempts:{text:"codeSpent",resend:!0},too_many_sms_verification_attempts:{text:"codeSpent",resend:!0},too_many_verification_attempts:{text:"tooMany"},mfa_rate_limited:{text:"tooMany"},rate_limited:{text:"tooMany"},cooling_down:{text:"tooMany",stop:"cooling_down"},disputed:{text:"failed",stop:"disputed"},network_error:{text:"offline"},temporarily_unavailable:{text:"unavailable"},outcome_unknown:{text:"unavailable",reread:!0},session_ended:{text:"failed",stop:"session_ended"},invalid_session:{text:"failed",stop:"session_ended"},sign_in_required:{text:"failed",stop:"session_ended"},user_not_authenticated:{text:"failed",stop:"session_ended"},invalid_binding:{text:"failed",stop:"expired"},nothing_to_confirm:{text:"failed",stop:"expired"},prompt_over:{text:"failed",stop:"expired"},prompt_not_open:{text:"failed",stop:"not_open"},enrolment_not_proven:{text:"changed",reread:!0},mfa_device_not_found:{text:"changed",reread:!0},mfa_method_disabled:{text:"changed",reread:!0},passkey_not_found:{text:"changed",reread:!0},credential_not_enabled_for_sign_in:{text:"changed",reread:!0},elevated_access_token_required:{text:"changed",reread:!0},no_passkey_credentials_found_error:{text:"noPasskey",reread:!0},invalid_passkey:{text:"passkeyRefused"},passkey_failed:{text:"passkeyRefused"},no_webauthn_support:{text:"noWebauthn"},max_passkeys_per_user:{text:"changed",reread:!0},passkey_cancelled:{text:"passkeyCancelled",calm:!0},user_cancelled_social_popup:{text:"windowClosed",calm:!0},social_login_failed:{text:"loginRefused"},wallet_has_other_account:{text:"otherAccount"},invalid_verification:{text:"otherAccount"},invalid_wallet_address:{text:"otherAccount"},wallet_rejected:{text:"walletRejected",calm:!0},no_elevated_token:{text:"failed"}},X={NotAllowedError:"passkey_cancelled",AbortError:"passkey_cancelled",InvalidStateError:"passkey_failed",SecurityError:"passkey_failed",NotSupportedError:"passkey_failed"},L=(o,e)=>{let{name:t,message:n,retryAfterSeconds:i,status:s,payload:a,...l}=ee(o),d=l.code??(t===void 0?void 0:X[t]),c=i===void 0?void 0:e+i*1e3;if(a?.reason==="disputed")return{text:"failed",stop:"disputed"};let k=typeof d=="string"&&Object.hasOwn(I,d)?I[d]:void 0;return k?{...k,until:c}:s!==void 0&&s>=500?{text:"unavailable",until:c}:c!==void 0?{text:"tooMany",until:c}:{text:"failed",...typeof d=="string"&&n?{detail:n}:{}}},ee=o=>{let{name:e,message:t,code:n,retryAfterSeconds:i,status:s,payload:a}=o??{};return{...typeof n=="string"?{code:n}:{},...e===void 0?{}:{name:e},...t===void 0?{}:{message:t},retryAfterSeconds:i,status:s,payload:a}};var te=6e5,oe=9e5,ne=30,x=class{constructor(e,t,n,i=Date.now){this.endpoints=e;this.ending=t;this.changed=n;this.now=i}endpoints;ending;changed;now;state={view:null,linking:null,enrolling:null,linked:!1,enrolled:null,screen:{name:"loading"},busy:!1,problem:null,wallets:null};#n=!1;#s=0;get asking(){return this.state.linking??this.state.view??{scopes:[],credentials:[]}}get purpose(){return this.state.linking?"enrolment":"prompt"}get offers(){return D(this.asking)}get recovery(){return this.asking.recoveryCodes===!0&&!this.asking.binding?.mustDisplay}get enrollable(){let{view:e,linking:t}=this.state;return t||!this.endpoints.enrol?[]:(e?.enrol??[]).filter(n=>n!=="passkey"||e?.passkeys?.usable!==!1)}get ways(){return this.offers.length+(this.recovery?1:0)+this.enrollable.length}async start(){this.#t({name:"loading"}),await this.#r(async e=>{let t=await this.endpoints.read();e()&&(this.#e({view:t,linking:null}),this.#l(t))})}async choose(e){this.#o(e),this.state.screen.name==="code"&&await this.sendCode()}another(){this.#t({name:"choose"})}useRecoveryCode(){this.#t({name:"recovery"})}async sendCode(){let{screen:e}=this.state;if(e.name!=="code"||this.state.busy)return;let{credential:t}=e;await this.#r(async n=>{let i=await this.endpoints.sendCode({credentialId:t.id,purpose:this.purpose});if(!n())return;let s=this.now(),a=Date.parse(i.expiresAt??"")||0,l=a>s&&a<=s+oe?a:s+te;this.#e({screen:{...e,sent:{until:l,again:s+(i.resendAfterSeconds??ne)*1e3}}})})}async verifyCode(e){let{screen:t}=this.state;if(!(t.name==="recovery"?e.trim():/^\d{6,8}$/.test(e)))return this.#e({problem:{text:"incomplete"}});if(t.name==="recovery")return this.#a(()=>this.endpoints.recovery({code:e,purpose:this.purpose}));if(t.name==="enrolTotp")return this.#m(e);if(t.name!=="code"&&t.name!=="totp")return;let{credential:n}=t;return this.#a(()=>this.endpoints.verifyCode({credentialId:n.id,purpose:this.purpose,code:e}))}async usePasskey(){let{screen:e}=this.state;if(e.name==="enrolPasskey")return this.#f();if(e.name!=="passkey")return;let{credential:t}=e;await this.#a(()=>this.endpoints.passkey.verify({credentialId:t.id,purpose:this.purpose})),this.state.problem&&this.state.screen===e&&this.#i(e)}async useSocial(){let{screen:e}=this.state;if(e.name!=="social")return;let{credential:t}=e;await this.#a(()=>this.endpoints.social({credentialId:t.id,purpose:this.purpose}))}async useWallet(e){let{screen:t}=this.state;if(t.name!=="wallet")return;let{credential:n}=t;await this.#a(async()=>{let i=await e.connect(n.address);if(!i)throw re("wallet_has_other_account");return this.endpoints.wallet({credentialId:n.id,purpose:this.purpose,wallet:i})})}async enrol(e){await this.#r(async t=>{let n=await this.endpoints.enrol.read();t()&&(this.#e({enrolling:e,linking:n,linked:n!==null}),n?this.#l(n):await this.#p(e))})}chooseEnrolment(){this.#t({name:"enrol"})}async kept(){await this.#r(async e=>{await this.endpoints.enrol.acknowledge?.(),e()&&await this.#h()})}leaveEnrolment(){this.#e({linking:null,enrolling:null});let{view:e}=this.state;e&&this.#l(e)}close(){if(this.#n)return;this.#n=!0;let{screen:e}=this.state,t=e.name==="stop"?e.why:"user";this.endpoints.cancel().then(n=>this.ending.closed(t,n),()=>this.ending.closed(t))}end(){this.#n=!0,this.#s+=1}#l(e){let t=R(e);if(t){let l=e.coolDownSeconds===void 0?void 0:this.now()+e.coolDownSeconds*1e3;return this.#t({name:"stop",why:t,until:l})}let{offers:n}=this,i=n.find(({id:l})=>l===e.defaultCredentialId),a=this.state.enrolled&&n.find(({type:l})=>l===this.state.enrolled)||(i&&N(i)?i:n.find(N))||(n.length===1?n[0]:void 0);return a?this.#o(a):n.length>0?this.#t({name:"choose"}):this.recovery?this.#t({name:"recovery"}):this.enrollable.length>0?this.#t({name:"enrol"}):this.#t({name:"stop",why:"no_method"})}#o(e){switch(e.format){case"email":case"phoneNumber":return this.#t({name:"code",credential:e,sent:null});case"blockchain":return this.#t({name:"wallet",credential:e}),void this.#c(e);case"oauth":return this.#t({name:"social",credential:e});case"totp":return this.#t({name:"totp",credential:e});default:{let t={name:"passkey",credential:e};return this.#t(t),this.#i(t)}}}#i(e){this.endpoints.passkey.prepare({credentialId:e.credential.id,purpose:this.purpose}).catch(t=>{this.state.screen===e&&!this.state.problem&&this.#d(t)})}async#c({chain:e}){await this.#r(async t=>{let{findWallets:n}=await import("./wallets-LFQG67MF.js"),i=await n(e);t()&&this.#e({wallets:i})})}async#p(e){await this.#r(async t=>{let{totp:n,passkey:i}=this.endpoints.enrol,s=e==="totp"?{name:"enrolTotp",totp:await n.begin()}:{name:"enrolPasskey"};e==="passkey"&&await i.prepare(),t()&&this.#t(s)})}async#m(e){await this.#r(async t=>{await this.endpoints.enrol.totp.confirm({code:e}),t()&&await this.#u()})}async#f(){let{screen:e}=this.state;await this.#r(async t=>{await this.endpoints.enrol.passkey.create(),t()&&await this.#u()}),this.state.problem&&this.state.screen===e&&this.endpoints.enrol.passkey.prepare().catch(()=>{})}async#u(){this.#e({linking:null,enrolled:this.state.enrolling,enrolling:null});let e=await(this.endpoints.enrol.recoveryCodes?.()??Promise.resolve([])).catch(()=>[]);e.length>0?this.#t({name:"keep",codes:e}):await this.#h()}async#h(){await this.start()}async#a(e){let t=this.state.linking!==null;await this.#r(async n=>{let i=await e();if(n()){if(t){let s=this.state.enrolling;this.#e({linking:null}),await this.#p(s);return}this.#n=!0,this.#e({screen:{name:"done"},problem:null,busy:!1}),this.ending.verified(i)}})}async#r(e){if(this.#n)return;let t=this.#s,n=()=>t===this.#s&&!this.#n;this.#e({busy:!0,problem:null});try{await e(n)}catch(i){n()&&this.#d(i)}finally{n()&&this.#e({busy:!1})}}#d(e){let t=L(e,this.now());if(t.stop)return this.#t({name:"stop",why:t.stop,until:t.until});if(this.state.screen.name==="loading")return this.#t({name:"stop",why:"failed",until:t.until});if(t.reread){this.start().then(()=>{!this.state.problem&&this.state.screen.name!=="stop"&&this.#e({problem:t})});return}let{screen:n}=this.state,i=t.resend&&n.name==="code"&&n.sent;this.#e({problem:t,...i?{screen:{...n,sent:{until:0,again:0}}}:{}})}#t(e){this.#s+=1,this.#e({screen:e,busy:!1,problem:null,...e.name==="wallet"?{wallets:null}:{}})}#e(e){this.state={...this.state,...e},this.changed()}},re=o=>Object.assign(new Error(o),{code:o});var U=`
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
  --_font: var(--stepup-font, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif);
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
.sheet { box-shadow: var(--stepup-shadow, 0 1px 2px rgb(0 0 0 / .05), 0 12px 40px -12px rgb(0 0 0 / .18)); }
dialog:focus { outline: none; }

header {
  display: flex;
  align-items: center;
  gap: .25rem;
  min-block-size: 3.25rem;
  padding: .75rem .75rem 0 1.5rem;
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
footer p { margin: 0; }
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
.aside .value, footer .value { font-weight: 500; font-variant-numeric: tabular-nums; }
footer .value { color: var(--_text); }

.icon {
  inline-size: 1.25rem; block-size: 1.25rem; flex: none; fill: none; stroke: currentColor; stroke-width: 1.75;
  stroke-linecap: round; stroke-linejoin: round;
}
.icon-next, .icon-back { transform: none; }
:host(:dir(rtl)) .icon-next, :host(:dir(rtl)) .icon-back { transform: scaleX(-1); }

.approved {
  margin-block-start: .875rem; padding: .75rem 1rem .8125rem; border-radius: var(--_inner); background: var(--_raised);
}
.approved .line { margin-block-start: .125rem; font-weight: 600; line-height: 1.4; }
.approved .line:not(.name)::first-letter { text-transform: uppercase; }
.approved.exactly { background: none; border: 1.5px solid var(--_accent); padding: .6875rem .9375rem .75rem; }
.approved .line + .line { margin-block-start: .5rem; padding-block-start: .5rem; border-block-start: 1px solid var(--_line); }
.approved code { font-size: .9375rem; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }

form { display: block; margin: 0; }
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
input.text { letter-spacing: .04em; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
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
.primary + .primary { margin-block-start: .5rem; }
.secondary { background: var(--_raised); }
.secondary:hover { background: color-mix(in srgb, var(--_raised) 92%, var(--_text)); }
.primary + .secondary { margin-block-start: .5rem; }
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
.way-hint .value { font-weight: 500; }
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
  list-style: none; display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .25rem 1rem; margin: 0 0 .625rem;
  padding: .875rem 1rem; border-radius: var(--_inner); background: var(--_raised); font-size: .9375rem; text-align: center;
}

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
.aloud { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

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
`;var y={title:"Confirm it’s you",close:"Cancel and close",dismiss:"Close",loading:"One moment…",approve:"You are approving",approveExactly:"You are approving exactly this",scopes:{"wallet:export":"Reveal the private key of a wallet","wallet:sign":"Sign with your wallet","wallet:refresh":"Renew the key shares of a wallet","wallet:reshare":"Distribute the key shares of a wallet anew","wallet:delegate":"Let somebody else use your wallet","wallet:restore":"Restore a wallet","wallet:delete":"Delete a wallet","credential:link":"Add a way to sign in or to confirm it’s you","credential:unlink":"Remove a way to sign in or to confirm it’s you","credential:update":"Change your email address or phone number","user:update":"Change your profile","user:delete":"Delete your account"},protectedAction:"A protected action",signedInAs:"Signed in as {account}",askedFrom:"Asked for from {address} with {userAgent}",anotherWay:"Try another way",chooseWay:"Choose how to confirm",back:"Back",tryAgain:"Try again",verify:"Confirm",working:"Checking…",email:"Email",sms:"Text message",totp:"Authenticator app",passkey:"Passkey",wallet:"Wallet",social:"Sign in with {provider}",recovery:"Recovery code",emailHint:"Get a code at {to}",smsHint:"Get a code at {to}",totpHint:"Use a code from your app",passkeyHint:"Fingerprint, face or screen lock",walletHint:"Sign a message with {to}",socialHint:"In a new window",recoveryHint:"One of the codes you have kept",code:"Code",willSend:"We’ll send a code to {to}.",sendCode:"Send code",sent:"Enter the code we sent to {to}.",spam:"Nothing there? Look in your spam folder.",validFor:"Valid for {time}",resend:"Send a new code",resendIn:"New code in {time}",enterTotp:"Enter the code from your authenticator app.",enterNextTotp:"Your app is set up. Now confirm with the next code it shows.",usePasskey:"Use passkey",passkeyHow:"Your device will ask for your fingerprint, face or screen lock.",passkeyElsewhere:"Is your passkey on another device?",passkeyElsewhereHow:"Choose “Use passkey”, then in the window of your browser another device, and scan the code it shows with your phone.",walletHow:"Sign a message with {to}. It costs nothing and moves nothing.",walletSign:"Sign with {wallet}",walletNone:"This browser has no wallet of that kind. Open the page in your wallet’s browser, or turn on its extension and try again.",walletLooking:"Looking for your wallet…",socialHow:"A window opens in which you sign in to {provider} as {to}.",socialButton:"Continue with {provider}",recoveryHow:"Enter one of the recovery codes you have kept. Each works once.",recoveryCode:"Recovery code",enrolTitle:"Add a second factor",enrolWhy:"This asks for more than the ways you have set up so far. Add one now, it takes a minute.",enrolAnother:"Set up a new way",enrolFirst:"First confirm with what you have, then set up the new way.",enrolTotp:"Set up an authenticator app",enrolTotpHint:"An app that shows codes",enrolTotpHow:"Scan this with your authenticator app, then enter the code it shows.",enrolTotpKey:"Can’t scan it? Enter this key:",enrolTotpCode:"Code from the app",enrolPasskey:"Create a passkey",enrolPasskeyHint:"Fingerprint, face or screen lock",enrolPasskeyHow:"A passkey lets you confirm with your fingerprint, face or screen lock. It stays with your device or password manager.",enrolPasskeyButton:"Create passkey",enrolStep:"Step {step} of {steps}",qrLabel:"QR code for your authenticator app",copy:"Copy",copied:"Copied",keepTitle:"Keep your recovery codes",keepHow:"If you lose your device, one of these lets you in. Each works once. Keep them somewhere safe; they are not shown again.",kept:"I have kept them",done:"Confirmed",waitFor:"Try again in {time}.",wrongCode:"That code is wrong. Check it and try again.",incomplete:"The code has six to eight digits.",codeExpired:"That code is no longer valid. Ask for a new one.",codeSpent:"Too many wrong tries with this code. Ask for a new one.",tooMany:"Too many tries.",offline:"You seem to be offline. What you typed is still here: try again when you’re back.",unavailable:"The server is not available at the moment. What you typed is still here: try again shortly.",failed:"That didn’t work. Try again, or choose another way.",changed:"Something about your account has changed meanwhile. Please choose again.",noPasskey:"There is no passkey of yours to use here. Choose another way, or create one.",passkeyRefused:"That passkey wasn’t accepted. Try again, or choose another way.",passkeyCancelled:"The passkey prompt was closed. Try again when you’re ready.",noWebauthn:"This browser can’t use passkeys. Choose another way.",windowClosed:"The window was closed before you had signed in. Try again when you’re ready.",loginRefused:"The sign-in wasn’t accepted. Try again, or choose another way.",otherAccount:"That wallet signed with another account. Choose {to} in it and try again.",walletRejected:"You declined in your wallet. Try again when you’re ready.",stopDisputed:"Your account is being checked",stopDisputedDo:"Somebody has reported a change to your account. Until that is decided, nothing can be confirmed. Look for our message in your mailbox, or contact support.",stopCooling:"Please wait a little",stopCoolingDo:"A way to confirm has just been added or recovered. For your safety this can be confirmed only after a while.",stopNoMethod:"Nothing to confirm with",stopNoMethodDo:"None of the ways you have set up is enough for this. Add a second factor in your account’s settings, or contact support.",stopFailed:"We couldn’t load this",stopFailedDo:"Check your connection and try again.",stopExpired:"This has expired",stopExpiredDo:"Go back and start once more. Nothing was done.",stopSession:"You’re signed out",stopSessionDo:"Your session has ended. Sign in again, then start once more. Nothing was done.",stopNotOpen:"This link is not open here",stopNotOpenDo:"It was opened elsewhere or has been used. Go back to the app and open it again from there.",passkeysOff:"Passkeys can’t be used on this page."};var z={de:async()=>(await import("./de-7CKTPRHE.js")).de,es:async()=>(await import("./es-FCPJEVEX.js")).es,fr:async()=>(await import("./fr-MXPKDFTQ.js")).fr,ja:async()=>(await import("./ja-GLGUYRDL.js")).ja,pt:async()=>(await import("./pt-EOJSVPAM.js")).pt},V=o=>{for(let e of o){let t=e.toLowerCase().split("-")[0];if(t==="en"||Object.hasOwn(z,t))return t}return"en"},M=async o=>{if(!Object.hasOwn(z,o))return y;try{return await z[o]()}catch{return y}};var ie=o=>({email:"email",phoneNumber:"sms",blockchain:"wallet",oauth:"social",totp:"totp"})[o]??"passkey",se=({texts:o},{format:e,type:t})=>{let n={email:o.email,phoneNumber:o.sms,blockchain:o.wallet,totp:o.totp};return e==="oauth"?H(o.social,{provider:C(t)}):n[e]??o.passkey},ae=({texts:o},{format:e,alias:t,address:n})=>{let i=T(t??n??""),s={email:o.emailHint,phoneNumber:o.smsHint,blockchain:o.walletHint,totp:o.totpHint,oauth:o.socialHint};return r(m,{children:p(s[e]??o.passkeyHint,{to:i})})},j=({ui:o})=>{let{flow:e,texts:t}=o,{busy:n,enrolling:i}=e.state;return r(m,{children:[r("h2",{class:"ask",id:"ask",children:t.chooseWay}),r(f,{ui:o}),r("ul",{class:"ways",children:[e.offers.map((s,a)=>r(v,{icon:ie(s.format),name:se(o,s),hint:ae(o,s),busy:n,focus:a===0,onClick:()=>{e.choose(s)}},s.id)),e.recovery&&r(v,{icon:"recovery",name:t.recovery,hint:t.recoveryHint,busy:n,onClick:()=>e.useRecoveryCode()}),e.enrollable.length>0&&!i&&r(v,{icon:"plus",name:t.enrolAnother,hint:t.enrolFirst,busy:n,onClick:()=>e.chooseEnrolment()})]})]})},W=({ui:o,screen:e})=>{let{flow:t,texts:n,now:i}=o,{credential:s,sent:a}=e,l=s.alias??"";if(!a)return r(m,{children:[r("p",{class:"ask",id:"ask",children:p(n.willSend,{to:l})}),r(f,{ui:o}),r(h,{ui:o,focus:!0,onClick:()=>{t.sendCode()},children:n.sendCode})]});let d=a.again-i;return a.until<=i?r(m,{children:[r("p",{class:"ask",id:"ask",children:t.state.problem?p(n.willSend,{to:l}):n.codeExpired}),r(f,{ui:o}),r(h,{ui:o,focus:!0,onClick:()=>{t.sendCode()},children:n.resend})]}):r(m,{children:[r("p",{class:"ask",id:"ask",children:p(n.sent,{to:l})}),r(E,{ui:o,label:n.code,digits:s.digits}),r("p",{class:"aside",children:[p(n.validFor,{time:g(a.until-i)})," · ",d>0?r("span",{children:p(n.resendIn,{time:g(d)})}):r(w,{disabled:t.state.busy,onClick:()=>{t.sendCode()},children:n.resend})]}),s.format==="email"&&d<=0&&r("p",{class:"aside",children:n.spam})]})},q=({ui:o,screen:e})=>r(m,{children:[r("p",{class:"ask",id:"ask",children:o.flow.state.enrolled==="totp"?o.texts.enterNextTotp:o.texts.enterTotp}),r(E,{ui:o,label:o.texts.code,digits:e.credential.digits})]}),B=({ui:o})=>r(m,{children:[r("div",{class:"emblem",children:r(u,{name:"passkey"})}),r("p",{class:"ask center",id:"ask",children:o.texts.passkeyHow}),r(f,{ui:o}),r(h,{ui:o,focus:!0,onClick:()=>{o.flow.usePasskey()},children:o.texts.usePasskey}),r("details",{class:"more",children:[r("summary",{children:o.texts.passkeyElsewhere}),r("p",{children:o.texts.passkeyElsewhereHow})]})]}),Y=({ui:o,screen:e})=>{let{flow:t,texts:n}=o,{wallets:i,problem:s,busy:a}=t.state,l=T(e.credential.address??e.credential.alias??"");return r(m,{children:[r("div",{class:"emblem",children:r(u,{name:"wallet"})}),r("p",{class:"ask center",id:"ask",children:p(n.walletHow,{to:l})}),r(f,{ui:o}),!i&&!s&&r("p",{class:"aside center",children:n.walletLooking}),i?.length===0&&r(m,{children:[r("p",{class:"note calm",children:[r(u,{name:"info"}),r("span",{children:n.walletNone})]}),r(h,{ui:o,focus:!0,onClick:()=>{t.choose(e.credential)},children:n.tryAgain})]}),i?.map((d,c)=>r(h,{ui:o,focus:c===0&&!a,onClick:()=>{t.useWallet(d)},children:p(n.walletSign,{wallet:d.name})},d.name))]})},G=({ui:o,screen:e})=>{let{alias:t="",type:n}=e.credential,i=C(n);return r(m,{children:[r("div",{class:"emblem",children:r(u,{name:"social"})}),r("p",{class:"ask center",id:"ask",children:p(o.texts.socialHow,{provider:i,to:t})}),r(f,{ui:o}),r(h,{ui:o,focus:!0,onClick:()=>{o.flow.useSocial()},children:p(o.texts.socialButton,{provider:i})})]})},$=({ui:o})=>r(m,{children:[r("p",{class:"ask",id:"ask",children:o.texts.recoveryHow}),r("form",{novalidate:!0,onSubmit:e=>{e.preventDefault(),o.flow.verifyCode(e.currentTarget.querySelector("input").value.trim())},children:[r("label",{class:"field",children:[r("span",{class:"aloud",children:o.texts.recoveryCode}),r("input",{class:"text",name:"recovery",dir:"ltr",autocomplete:"off",autocapitalize:"characters",spellcheck:!1,readOnly:o.flow.state.busy,"aria-describedby":"ask problem","aria-invalid":o.flow.state.problem?"true":void 0,"data-focus":""})]}),r(f,{ui:o}),r(h,{ui:o,children:o.texts.verify})]})]});var K=({ui:o})=>{let{flow:e,texts:t}=o,{view:n,screen:i}=e.state,s=i.name==="stop"||i.name==="done";return r(m,{children:[r("header",{children:[pe(o),r("span",{class:"app",children:[r(u,{name:"shield"}),r("bdi",{children:n?.app?.name??""})]}),i.name!=="done"&&r("button",{type:"button",class:"close","aria-label":t.close,onClick:()=>e.close(),children:r(u,{name:"close"})})]}),r("div",{class:"body",children:[me(o),!s&&r("h1",{id:"title",tabIndex:-1,children:ce(o)}),n&&!s&&!["enrolTotp","enrolPasskey","keep"].includes(i.name)&&r(fe,{ui:o,view:e.asking}),r("div",{class:`screen screen-${i.name}`,children:r(he,{ui:o,screen:i})},de(i)),ue(o)]}),n&&i.name!=="done"&&r(ye,{ui:o,view:n}),r(O,{ui:o})]})},le=o=>["enrol","enrolTotp","enrolPasskey","keep"].includes(o.name),de=o=>`${o.name}:${"credential"in o?o.credential.id:""}`,ce=({flow:o,texts:e})=>{let{screen:t}=o.state;return t.name==="keep"?e.keepTitle:t.name==="enrolTotp"?e.enrolTotp:t.name==="enrolPasskey"?e.enrolPasskey:t.name==="enrol"?e.enrolTitle:e.title},pe=({flow:o,texts:e})=>{let{screen:t,linking:n,enrolling:i}=o.state,s=a=>r("button",{type:"button",class:"back","aria-label":e.back,onClick:a,children:r(u,{name:"back"})});return["done","stop","loading","keep"].includes(t.name)?null:t.name==="enrolTotp"||t.name==="enrolPasskey"?s(()=>o.leaveEnrolment()):n&&i&&(t.name==="choose"||o.ways<2)?s(()=>o.leaveEnrolment()):t.name==="enrol"&&o.offers.length>0?s(()=>o.another()):null},me=({flow:o,texts:e})=>{let{screen:t,linking:n,enrolling:i,enrolled:s,linked:a}=o.state;if(!(i||s)||t.name==="done"||t.name==="stop"||t.name==="loading")return null;let l=a?3:2,d=n?1:s&&t.name!=="keep"?l:l-1;return r("p",{class:"label step",children:p(e.enrolStep,{step:String(d),steps:String(l)})})},ue=({flow:o,texts:e})=>{let{screen:t}=o.state;return(t.name==="recovery"?o.offers.length===0:o.ways<2)||["choose","loading","done","stop"].includes(t.name)||le(t)?null:r("p",{class:"others",children:r(w,{onClick:()=>o.another(),children:e.anotherWay})})},he=({ui:o,screen:e})=>{let{enrolment:t}=o;switch(e.name){case"loading":return r("div",{class:"skeleton","aria-hidden":"true",children:[r("i",{}),r("i",{}),r("i",{})]});case"choose":return r(j,{ui:o});case"code":return r(W,{ui:o,screen:e});case"totp":return r(q,{ui:o,screen:e});case"passkey":return r(B,{ui:o});case"wallet":return r(Y,{ui:o,screen:e});case"social":return r(G,{ui:o,screen:e});case"recovery":return r($,{ui:o});case"enrol":return t&&r(t.Enrol,{ui:o});case"enrolTotp":return t&&r(t.EnrolTotp,{ui:o,totp:e.totp});case"enrolPasskey":return t&&r(t.EnrolPasskey,{ui:o});case"keep":return t&&r(t.Keep,{ui:o,codes:e.codes});case"done":return r(ge,{ui:o});case"stop":return r(ke,{ui:o,why:e.why,until:e.until})}},fe=({ui:o,view:e})=>{let{texts:t}=o,{binding:n,scopes:i}=e;return n?r("section",{class:"approved exactly","aria-label":t.approveExactly,children:[r("p",{class:"label",children:t.approveExactly}),n.summary.split(`
`).map((s,a)=>r("p",{class:"line",dir:"auto",children:s},a))]}):r("section",{class:"approved","aria-label":t.approve,children:[r("p",{class:"label",children:t.approve}),i.length===0&&r("p",{class:"line",children:t.protectedAction}),i.map(({scope:s,words:a})=>{let l=Object.hasOwn(t.scopes,s)?t.scopes[s]:void 0;return r("p",{class:l??a?"line":"line name",dir:"auto",children:l??a??r("code",{children:s})},s)})]})},ye=({ui:o,view:e})=>{let{texts:t}=o,{account:n,asked:i}=e;return!n&&!i?null:r("footer",{children:[n&&r("p",{children:p(t.signedInAs,{account:n})}),i&&r("p",{children:p(t.askedFrom,{address:i.address??"?",userAgent:F(i.userAgent??"?")})})]})},ge=({ui:o})=>r("div",{class:"ending",children:[r("div",{class:"emblem good",children:r(u,{name:"check"})}),r("h1",{id:"title",tabIndex:-1,children:o.texts.done})]}),be={disputed:"alert",cooling_down:"clock",no_method:"info",failed:"alert",expired:"clock",session_ended:"info",not_open:"info"},ke=({ui:o,why:e,until:t})=>{let{texts:n,flow:i,now:s}=o,[a,l]={disputed:[n.stopDisputed,n.stopDisputedDo],cooling_down:[n.stopCooling,n.stopCoolingDo],no_method:[n.stopNoMethod,n.stopNoMethodDo],failed:[n.stopFailed,n.stopFailedDo],expired:[n.stopExpired,n.stopExpiredDo],session_ended:[n.stopSession,n.stopSessionDo],not_open:[n.stopNotOpen,n.stopNotOpenDo]}[e],d=(t??0)-s,c=e==="failed"||e==="cooling_down";return r("div",{class:"ending",children:[r("div",{class:"emblem",children:r(u,{name:be[e]})}),r("h1",{id:"title",tabIndex:-1,children:a}),r("p",{class:"ask center",id:"ask",children:l}),e==="no_method"&&i.state.view?.passkeys?.usable===!1&&r("p",{class:"aside center",children:n.passkeysOff}),d>0&&r("p",{class:"wait",children:p(n.waitFor,{time:g(d)})}),c&&d<=0&&r(h,{ui:o,focus:!0,onClick:()=>{i.start()},children:n.tryAgain}),r("button",{type:"button",class:"secondary","data-focus":"",onClick:()=>i.close(),children:n.dismiss})]})};var b=class extends Error{constructor(t,n){super(t);this.reason=n;this.code=n?"step_up_unavailable":"step_up_cancelled"}reason;name="PromptClosedError";code},we=globalThis.HTMLElement??class{},_,ve=()=>(_||(_=new CSSStyleSheet,_.replaceSync(U)),_),P=class extends we{static observedAttributes=["lang","mode","theme"];endpoints;#n={};#s=y;#l="en";#o=null;#i=null;#c=null;#p;#m=null;#f=null;#u=null;constructor(){super(),this.attachShadow({mode:"open"}).adoptedStyleSheets=[ve()]}get texts(){return this.#n}set texts(e){this.#n=e??{},this.#e()}ask({signal:e}={}){let{endpoints:t}=this;if(!t)throw new TypeError("Give the element its endpoints first.");if(this.#o)throw new TypeError("The element is asking already.");return new Promise((n,i)=>{let s=new b("The session ended while the prompt was open."),a=()=>this.#d(()=>i(s),"ended"),l=c=>{e?.removeEventListener("abort",a),c()},d=new x(t,{verified:c=>l(()=>this.#d(()=>n(c),null,c)),closed:(c,k)=>l(()=>this.#d(()=>i(_e(c)),c,k))},()=>this.#t());if(this.#o={flow:d,resolve:n,reject:i},e?.aborted)return a();e?.addEventListener("abort",a,{once:!0}),this.#r(),this.#a(),d.start()})}close(){this.#o?.flow.close()}attributeChangedCallback(e){e==="lang"?this.#a():this.#i&&this.#e()}disconnectedCallback(){this.#o?.flow.close()}get#h(){return this.getAttribute("mode")==="inline"}async#a(){let e=[this.getAttribute("lang")||document.documentElement.lang,...navigator.languages].filter(Boolean),t=V(e);this.#s=await M(t),this.#l=this.#s===y?"en":t,this.#e()}#r(){let e=this.shadowRoot,t=document.createElement(this.#h?"section":"dialog");t.setAttribute("aria-labelledby","title"),this.#i=t,this.#h&&(t.className="sheet"),e.replaceChildren(t),this.#e(),t instanceof HTMLDialogElement&&(t.addEventListener("cancel",n=>{n.preventDefault(),this.close()}),t.addEventListener("close",()=>this.close()),t.addEventListener("pointerdown",n=>{this.#u=Q(t,n)?t:null}),t.addEventListener("click",n=>{this.#u===t&&Q(t,n)&&this.close()}),t.showModal()),this.#p=setInterval(()=>this.#e(),1e3),this.#y()}#d(e,t,n){let i=this.#o;if(!i)return;this.#o=null,i.flow.end(),clearInterval(this.#p);let s=this.#i;s instanceof HTMLDialogElement?(s.close(),S(null,s),s.remove(),this.#i=null):s&&this.#g(i.flow,s),this.#m=null,e();let[a,l]=t===null?["stepup-verified",n??{}]:["stepup-cancelled",{reason:t,done:n}];this.dispatchEvent(new CustomEvent(a,{detail:l,bubbles:!0,composed:!0}))}#t(){let{screen:e}=this.#o.flow.state;["enrol","enrolTotp","enrolPasskey","keep"].includes(e.name)&&!this.#c&&import("./Enrolment-QBYZGUNX.js").then(t=>{this.#c=t,this.#e(),this.#y()}),this.#e(),this.#y()}#e(){this.#o&&this.#i&&this.#g(this.#o.flow,this.#i)}#g(e,t){let n={...this.#s.scopes,...this.#n.scopes},i={...this.#s,...this.#n,scopes:n};t.lang=this.#l;let s=this.getAttribute("dir");s&&(t.dir=s);let a={flow:e,texts:i,now:Date.now(),enrolment:this.#c};S(A(K,{ui:a}),t)}#y(){let e=this.#o,t=this.#i;if(!e||!t)return;let{screen:n,problem:i,busy:s}=e.flow.state,a=this.#m,l=a===null||J(a)!==J(n),d=i!==null&&i!==this.#f&&!s;if(this.#f=i,!l&&!d)return;let c=t.querySelector("[data-focus]")??t.querySelector("#title");if(c){if(this.#m=n,n.name==="loading")return void t.querySelector("#title")?.focus();c.focus(),d&&c instanceof HTMLInputElement&&c.select()}}},Q=(o,{clientX:e,clientY:t,target:n,detail:i})=>{let{left:s,right:a,top:l,bottom:d}=o.getBoundingClientRect();return n!==o||i===0&&e===0&&t===0?!1:e<s||e>a||t<l||t>d},J=o=>[o.name,"credential"in o?o.credential.id:"",o.name==="code"&&o.sent!==null].join(),xe={disputed:"disputed",cooling_down:"cooling_down",no_method:"no_method",failed:"check_failed"},_e=o=>{let e=xe[o];return e?new b(`Nobody could be asked: ${e}.`,e):new b("The verification was cancelled.")};var et=()=>{customElements.get("stepup-prompt")||customElements.define("stepup-prompt",P)};export{P as a,et as b};
