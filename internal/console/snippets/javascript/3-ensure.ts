// Ask for a proof, right before what matters
import { ensure, getDefaultClient } from '@stepup-auth/client';

const client = getDefaultClient();
const done = await ensure({{literal .Scope}}, ({ token }) =>
  fetch({{literal .Audience "/transfers"}}, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${client.token}`,
      'Elevated-Access-Token': token() ?? '',
    },
  }),
);
if (done.outcome === 'cancelled') console.log('The user did not want to.');
