// A certified OpenID provider for tests: client credentials, password, refresh tokens that rotate, and one page behind a token.
// The first line it prints is its URL. ACCESS_TTL: seconds that an access token lives.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const ttl = Number(process.env.ACCESS_TTL ?? 600);
const users = { ada: 'correct-horse-battery' };
const server = createServer();

server.listen(0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(url, {
    clients: [
      client('checks', 'client-secret/with:odd chars+&', 'client_secret_basic'),
      client('poster', 'client-secret-in-the-body', 'client_secret_post'),
    ],
    scopes: ['openid', 'offline_access', 'orders'],
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    cookies: { keys: ['only-for-tests'] },
    ttl: { AccessToken: () => ttl, ClientCredentials: () => ttl, RefreshToken: () => 3600, Grant: () => 3600 },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'orders', audience: resource, accessTokenTTL: ttl, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  const kinds = [provider.ClientCredentials, provider.AccessToken];
  provider.registerGrantType('password', password(provider), ['username', 'password'], []);
  provider.on('server_error', (_, error) => console.error(error));
  const answer = provider.callback();
  const counts = {};
  server.on('request', async (request, response) => {
    counts[request.url] = (counts[request.url] ?? 0) + 1;
    if (request.url === '/counts') return json(response, 200, counts);
    if (request.url !== '/whoami') return answer(request, response);
    const [, token] = (request.headers.authorization ?? '').split(' ');
    const found = (await Promise.all(kinds.map((kind) => kind.find(token ?? '')))).find((each) => each?.isValid);
    if (found) return json(response, 200, { client: found.clientId, user: found.accountId ?? null, scope: found.scope ?? '', token });
    response.setHeader('WWW-Authenticate', 'Bearer realm="tests", error="invalid_token"');
    return json(response, 401, { error: 'invalid_token' });
  });
  console.log(url);
});

function client(client_id, client_secret, token_endpoint_auth_method) {
  const grant_types = ['client_credentials', 'password', 'refresh_token'];
  return { client_id, client_secret, token_endpoint_auth_method, grant_types, redirect_uris: [], response_types: [] };
}

function password(provider) {
  return async (ctx) => {
    const { username, password: given, scope = 'openid offline_access' } = ctx.oidc.params;
    if (users[username] !== given) {
      ctx.status = 400;
      ctx.body = { error: 'invalid_grant', error_description: 'wrong user or password' };
      return;
    }
    const clientId = ctx.oidc.client.clientId;
    const grant = new provider.Grant({ accountId: username, clientId });
    grant.addOIDCScope('openid offline_access');
    const grantId = await grant.save();
    const common = { accountId: username, client: ctx.oidc.client, grantId, gty: 'password', scope };
    const access = new provider.AccessToken({ ...common, claims: {} });
    const refresh = new provider.RefreshToken({ ...common, authTime: Math.floor(Date.now() / 1000), claims: {}, rotations: 0 });
    ctx.body = {
      access_token: await access.save(), expires_in: access.expiration, token_type: access.tokenType, scope,
      refresh_token: await refresh.save(),
    };
  };
}

function json(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}
