// Logins elsewhere: a provider by redirect and by popup, and assertions of a login of one's own.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as sdk from '@stepup-auth/client';
import { appOrigin, claimsOf, openApp, rejection, signedIn } from '../lib/app.mjs';

export const logins = (on) => {
  /** Goes where a browser would, until it is back in the app or has come to a page. */
  const travel = async (url) => {
    for (;;) {
      if (url.startsWith(appOrigin)) return url;
      const response = await fetch(url, { redirect: 'manual' });
      const to = response.headers.get('location');
      if (!to) return url;
      url = new URL(to, url).href;
    }
  };

  const byRedirect = async (app, person, options = {}) => {
    on.world.logIn(person);
    await sdk.signInWithSocialRedirect({ provider: 'github', redirectUrl: `${appOrigin}/after`, ...options }, app.client);
    return travel(app.navigations.at(-1));
  };

  const open = async (make, options = {}) => {
    const navigations = [];
    const app = await make({ navigate: (url) => void navigations.push(url), ...options });
    return { ...app, navigations };
  };
  const anApp = (options) => open((o) => openApp(on.server, o), options);
  const aUser = (options) => open((o) => signedIn(on.server, on.mailbox, o), options);

  describe('a login provider', () => {
    it('by redirect: signs in, steps up as who it is, and as nobody else', async () => {
      const app = await anApp();
      const person = on.world.somebody();
      const url = await byRedirect(app, person);
      assert.equal(await sdk.detectSocialRedirectUrl({ url }, app.client), true);
      assert.equal(await sdk.detectSocialRedirectUrl({ url: appOrigin }, app.client), false);
      const user = await sdk.completeSocialRedirect({ url }, app.client);
      assert.deepEqual(sdk.getUserSocialAccounts(app.client).map((a) => [a.provider, a.accountId]), [['github', String(person.id)]]);
      assert.equal(user.id, app.client.user.id);
      assert.equal((await rejection(sdk.completeSocialRedirect({ url }, app.client))).code, 'social_login_failed', 'it works once');

      await sdk.completeSocialRedirect({ url: new URL(await byRedirect(app, person, { requestedScopes: ['wallet:export'] })) }, app.client);
      assert.equal(claimsOf(app.token('wallet:export')).acr, 'urn:stepup:federated');
      const other = await byRedirect(app, on.world.somebody(), { requestedScopes: ['wallet:sign'] });
      assert.equal((await rejection(sdk.completeSocialRedirect({ url: other }, app.client))).code, 'mfa_invalid_request');
    });

    it('is taken only where it began: other client, other session, changed state, refused', async () => {
      const app = await anApp();
      const url = await byRedirect(app, on.world.somebody());
      const other = await anApp();
      assert.equal((await rejection(sdk.completeSocialRedirect({ url }, other.client))).code, 'social_login_failed');
      const changed = new URL(url);
      changed.searchParams.set('dynamicOauthState', 'x'.repeat(32));
      assert.equal((await rejection(sdk.completeSocialRedirect({ url: changed }, app.client))).code, 'social_login_failed');
      const refused = new URL(url);
      refused.searchParams.delete('dynamicOauthCode');
      refused.searchParams.set('error', 'access_denied');
      assert.match((await rejection(sdk.completeSocialRedirect({ url: refused }, app.client))).message, /access_denied/);
      assert.equal(app.client.user, null);

      const user = await aUser();
      const began = await byRedirect(user, on.world.somebody(), { requestedScopes: ['wallet:export'] });
      await sdk.logout(user.client);
      assert.match((await rejection(sdk.completeSocialRedirect({ url: began }, user.client))).message, /another session/);
    });

    it('by popup: opens it at once, signs in, steps up, links, unlinks', async () => {
      const windows = [];
      const openPopup = () => {
        const window = { closed: false, isClosed: () => window.closed, close: () => { window.closed = true; }, navigate: (url) => void travel(url) };
        windows.push(window);
        return window;
      };
      const app = await anApp({ openPopup });
      const person = on.world.somebody();
      on.world.logIn(person);
      const user = await sdk.signInWithSocialPopUp({ provider: 'github' }, app.client);
      assert.equal(user.id, app.client.user.id);
      await sdk.signInWithSocialPopUp({ provider: 'github', requestedScopes: ['wallet:export'] }, app.client);
      assert.ok(app.token('wallet:export'));
      assert.deepEqual(windows.map((w) => w.closed), [true, true]);

      const linking = await aUser({ openPopup });
      on.world.logIn(on.world.somebody());
      assert.ok((await rejection(sdk.signInWithSocialPopUp({ provider: 'github' }, linking.client))) instanceof sdk.StepUpRequiredError);
      await linking.stepUp('credential:link');
      await sdk.signInWithSocialPopUp({ provider: 'github' }, linking.client);
      const [account] = sdk.getUserSocialAccounts(linking.client);
      await linking.stepUp('credential:unlink');
      await sdk.unlinkSocialAccount(account, linking.client);
      assert.deepEqual(sdk.getUserSocialAccounts(linking.client), []);
    });

    it('by popup: goes on when the provider cuts its page off from ours', async () => {
      const app = await anApp({ openPopup: () => ({ isClosed: () => true, close: () => {}, navigate: (url) => void travel(url) }) });
      on.world.logIn(on.world.somebody());
      assert.ok((await sdk.signInWithSocialPopUp({ provider: 'github' }, app.client)).id);
    });

    it('by popup: says that it was closed, or never opened', async () => {
      const start = Date.now();
      let clock = start;
      const closing = await anApp({ now: () => (clock += 4_000), openPopup: () => ({ isClosed: () => clock > start + 5_000, close: () => {}, navigate: () => {} }) });
      assert.equal((await rejection(sdk.signInWithSocialPopUp({ provider: 'github' }, closing.client))).code, 'user_cancelled_social_popup');
      let closed = false;
      const leaving = await anApp({ openPopup: () => ({ isClosed: () => false, close: () => { closed = true; }, navigate: () => {} }) });
      assert.equal((await rejection(sdk.signInWithSocialPopUp({ provider: 'github', signal: AbortSignal.timeout(50) }, leaving.client))).code, 'user_cancelled_social_popup');
      assert.equal(closed, true, 'the window stays open after nobody waits for it any more');
      const blocked = await anApp({ openPopup: () => null });
      assert.equal((await rejection(sdk.signInWithSocialPopUp({ provider: 'github' }, blocked.client))).code, 'social_login_failed');
      assert.equal((await rejection(sdk.signInWithSocialRedirect({ provider: 'nobody', redirectUrl: appOrigin }, blocked.client))).code, 'invalid_param');
    });
  });

  describe('a login of one\'s own', () => {
    it('signs in, and its assertions step up, each once and for this user only', async () => {
      const app = await anApp();
      const sub = `ext-${Math.random()}`;
      await sdk.signInWithExternalJwt({ externalJwt: await on.world.sign({ claims: { sub } }) }, app.client);
      const externalJwt = await on.world.sign({ claims: { sub, scope: 'wallet:export' } });
      const { elevatedAccessToken } = await sdk.requestExternalAuthElevatedToken({ externalJwt }, app.client);
      assert.equal(app.token('wallet:export'), elevatedAccessToken);
      const again = await rejection(sdk.requestExternalAuthElevatedToken({ externalJwt }, app.client));
      assert.ok(again instanceof sdk.InvalidExternalAuthError);
      const stranger = await on.world.sign({ claims: { sub: 'ext-other', scope: 'wallet:sign' } });
      await rejection(sdk.requestExternalAuthElevatedToken({ externalJwt: stranger }, app.client));
      assert.equal(app.token('wallet:sign'), undefined);
    });
  });
};
