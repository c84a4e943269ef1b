// Another library, in another language, judges the ceremonies of ceremonies.json. The file holds the server's verdict on each;
// internal/method/passkey keeps the two together.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';

const { RPID, Origin, Challenge, Ceremonies } = JSON.parse(readFileSync(new URL('ceremonies.json', import.meta.url)));
const expected = { expectedChallenge: Challenge, expectedOrigin: Origin, expectedRPID: RPID, requireUserVerification: true };

/** What the server refuses and this library lets pass: rules that we add, or that it leaves to its caller. */
const stricter = new Set([
  'registration: cross origin', 'assertion: cross origin', 'registration: top origin', 'registration: top origin alone',
  'registration: credential id too long', // WebAuthn 7.1 step 25
  'registration: another credential id in the data', // id and attested id differ
  'registration: public key off the curve', // it would find out at the first assertion
  'registration: public key too long',
  'assertion: eligible for backup by now', // it does not keep the flag
]);

const asBrowsersWriteIt = ({ clientDataJson, ...response }) => ({ ...response, clientDataJSON: clientDataJson });

const judge = async ({ Registration, Assertion, PublicKey }) => {
  if (Registration) {
    const response = { ...Registration, clientExtensionResults: {}, response: asBrowsersWriteIt(Registration.response) };
    const { verified } = await verifyRegistrationResponse({ ...expected, response, supportedAlgorithmIDs: [-7, -8, -257] });
    return verified;
  }
  const { verified } = await verifyAuthenticationResponse({
    ...expected,
    response: { ...Assertion, clientExtensionResults: {} },
    credential: { id: Assertion.id, publicKey: Buffer.from(PublicKey, 'base64url'), counter: 0 },
  });
  return verified;
};

for (const ceremony of Ceremonies) {
  it(`${ceremony.Name} ${ceremony.Holds ? 'holds' : 'is refused'}`, async () => {
    const theirs = await judge(ceremony).catch(() => false);
    if (stricter.has(ceremony.Name)) {
      assert.equal(ceremony.Holds, false);
      assert.equal(theirs, true, 'the other library refuses this too by now: take it off the list');
    } else {
      assert.equal(theirs, ceremony.Holds);
    }
  });
}
