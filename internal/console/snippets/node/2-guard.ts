// Make a guard; the service token comes from below
import { createClient, createGuard, createVerifier } from '@stepup-auth/server';

const issuer = '{{.Issuer}}';

export const verifier = createVerifier({ issuer, audiences: ['{{.Audience}}'] });
export const client = createClient({ issuer, serviceToken: process.env['SERVICE_TOKEN'] ?? '' });
export const guard = createGuard({ verifier, client });
