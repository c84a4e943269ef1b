// Make a guard; the service token comes from below
import { createClient, createGuard, createVerifier } from '@stepup-auth/server';

const issuer = {{literal .Issuer}};

export const verifier = createVerifier({ issuer, audiences: [{{literal .Audience}}] });
export const client = createClient({ issuer, serviceToken: process.env['SERVICE_TOKEN'] ?? '' });
export const guard = createGuard({ verifier, client });
