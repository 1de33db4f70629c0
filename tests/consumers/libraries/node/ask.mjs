// What JWT libraries of JavaScript do with tokens: a keyset file and tokens in, verdicts out (JSON).
import { readFileSync } from 'node:fs'
import fastifyJwt from '@fastify/jwt'
import { createSigner, createVerifier } from 'fast-jwt'
import Fastify from 'fastify'
import * as jose from 'jose'
import jwt from 'jsonwebtoken'

const { keyset, tokens } = JSON.parse(readFileSync(0))
const algorithms = ['HS256']
const jwkOf = (kid) => {
  const found = keyset.keys.find((one) => one.kid === kid)
  if (!found) throw new Error('no such kid')
  return found
}
const keyOf = (kid) => Buffer.from(jwkOf(kid).k, 'base64url')

async function fastify (secret, verify = { algorithms, clockTolerance: 60000 }) {
  const app = Fastify()
  await app.register(fastifyJwt, { secret, verify, decode: { complete: true } })
  app.get('/', async (request) => { await request.jwtVerify(); return 'accepted' })
  app.get('/sign', async (request, reply) => reply.jwtSign({ sub: 'x' }, { sign: request.query }))
  return app
}
async function ask (app, token) {
  const answer = await app.inject({ url: '/', headers: { authorization: `Bearer ${token}` } })
  return answer.statusCode === 200 ? 'accepted' : String(answer.statusCode)
}

const throwing = await fastify({ private: async () => 'x', public: async (_, { header }) => keyOf(header.kid) })
const refusing = await fastify({
  private: async () => 'x',
  public: async (_, { header }) => {
    try { return keyOf(header.kid) } catch (error) { throw Object.assign(error, { statusCode: 401 }) }
  }
})
const jwksSet = jose.createLocalJWKSet(keyset)
const fast = createVerifier({ key: async ({ header }) => keyOf(header.kid), algorithms, clockTolerance: 60000 })
const verifiers = {
  '@fastify/jwt': async (token) => ask(refusing, token),
  '@fastify/jwt, error without statusCode': async (token) => ask(throwing, token),
  'fast-jwt': fast,
  jose: (token) => jose.jwtVerify(token, ({ kid }) => jose.importJWK(jwkOf(kid)), { algorithms, clockTolerance: 60 }),
  'jose, createLocalJWKSet': (token) => jose.jwtVerify(token, jwksSet),
  jsonwebtoken: (token) => new Promise((resolve, reject) => {
    const key = ({ kid }, done) => { try { done(null, keyOf(kid)) } catch (error) { done(error) } }
    jwt.verify(token, key, { algorithms, clockTolerance: 60 }, (error) => error ? reject(error) : resolve())
  })
}
const answers = {}
for (const [name, verify] of Object.entries(verifiers)) {
  answers[name] = {}
  for (const [word, token] of Object.entries(tokens)) {
    try {
      const answer = await verify(token)
      answers[name][word] = typeof answer === 'string' ? answer : 'accepted'
    } catch (error) {
      answers[name][word] = error.code ?? error.name
    }
  }
}

// A verifier with a cache, before and after the key of a token has left the keyset.
const cached = createVerifier({ key: async ({ header }) => keyOf(header.kid), algorithms, cache: true })
await cached(tokens.active)
const { kid } = jwt.decode(tokens.active, { complete: true }).header
keyset.keys = keyset.keys.filter((one) => one.kid !== kid)
const cache = await cached(tokens.active).then(() => 'accepted', (error) => error.code)

// How long a token lives that was signed with this `expiresIn`, in seconds.
const key = Buffer.alloc(32, 1)
const life = (token) => { const { iat, exp } = jwt.decode(token); return exp - iat }
const byFastify = await fastify(key)
const lives = {}
for (const value of [900, '900', '15m']) {
  const word = JSON.stringify(value)
  lives[word] = {
    '@fastify/jwt': life(byFastify.jwt.sign({}, { expiresIn: value })),
    'fast-jwt': life(createSigner({ key, expiresIn: value })({})),
    jsonwebtoken: life(jwt.sign({}, key, { expiresIn: value }))
  }
}
const byJose = await new jose.SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setIssuedAt()
  .setExpirationTime('15m').sign(key)
lives['"15m"'].jose = life(byJose)

// With one secret function for both directions: what does it see when it signs?
const seen = []
const natural = await fastify(async (_request, token) => { seen.push(Object.keys(token)); return key })
await natural.inject('/sign')

const versionOf = (name) =>
  JSON.parse(readFileSync(`${process.env.MODULES}/${name}/package.json`)).version
const versions = Object.fromEntries(
  ['@fastify/jwt', 'fast-jwt', 'jose', 'jsonwebtoken'].map((name) => [name, versionOf(name)]))
console.log(JSON.stringify({ answers, cache, lives, seen, versions }))
