// The guard on Node as `make bench-guards` measures it, beside the one in Go: a server with a bare route and guarded ones. It prints its
// address, and ends with its standard input.
import http from 'node:http';
import { createClient, createGuard, createVerifier, forExpress } from '@stepup-auth/server';

const { ISSUER: issuer, SERVICE_TOKEN: serviceToken } = process.env;
const verifier = createVerifier({ issuer });
const offline = forExpress(createGuard({ verifier, offlineOnly: true })).require('user:update');
const spending = forExpress(createGuard({ verifier, client: createClient({ issuer, serviceToken }) })).require('wallet:export');
const pass = (_request, _response, next) => next();
const routes = { '/bare': pass, '/offline': offline, '/once': spending };

const server = http.createServer((request, response) => {
  routes[request.url](request, response, (error) => response.writeHead(error ? 500 : 204).end());
});
server.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`));
process.stdin.on('end', () => process.exit()).resume();
