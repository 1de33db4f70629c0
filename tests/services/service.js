// A service as documented: Fastify with @fastify/jwt, its secret in a file that is read
// anew for every request. `keyset FILE` verifies by kid and signs with the active key;
// `raw FILE` is a service not yet migrated, with one secret as text.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const require = createRequire(join(process.env.PLANA_TEST_NODE_MODULES, 'here.js'))
const Fastify = require('fastify')
const [mode, file] = process.argv.slice(2)

const readKeyset = () => JSON.parse(readFileSync(file, 'utf8'))

// Without a status of its own an unknown kid would be answered with 500.
const refused = (why) => Object.assign(new Error(why), { statusCode: 401 })
const bytesOf = (keyset, kid) => {
  const key = keyset.keys.find((one) => one.kid === kid)
  if (!key) throw refused('unknown kid')
  return Buffer.from(key.k, 'base64url')
}
const legacyKid = (keyset) => {
  const legacy = keyset.legacy
  if (!legacy || (legacy.until && Date.parse(legacy.until) <= Date.now())) throw refused('no kid')
  return legacy.kid
}
const byKid = {
  private: async () => bytesOf(readKeyset(), readKeyset().active),
  public: async (_request, token) => {
    const keyset = readKeyset()
    return bytesOf(keyset, token.header.kid ?? legacyKid(keyset))
  }
}

const app = Fastify()
await app.register(require('@fastify/jwt'), {
  secret: mode === 'raw' ? readFileSync(file, 'utf8') : byKid,
  decode: { complete: true },
  verify: { algorithms: ['HS256'] }
})
app.get('/me', async (request) => {
  await request.jwtVerify()
  return 'welcome'
})
app.post('/sign', async (_request, reply) => {
  const options = { algorithm: 'HS256', expiresIn: '15m' }
  if (mode === 'keyset') {
    const keyset = readKeyset()
    options.kid = keyset.active
    options.key = bytesOf(keyset, keyset.active)
  }
  return reply.jwtSign({ sub: 'node' }, { sign: options })
})
await app.listen({ port: 0, host: '127.0.0.1' })
console.log(app.server.address().port)
