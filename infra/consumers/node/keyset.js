// JWTs by a keyset file of plana-secrets, and X-API-Key values, for Fastify and @fastify/jwt.
// Copy this file. Mount the Secret as a folder, without subPath. docs/consume.md has the reasons.
import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fastifyJwt from '@fastify/jwt'
import fp from 'fastify-plugin'

const unauthorized = (why) => Object.assign(new Error(why), { statusCode: 401 })

// A file of a mounted Secret. It is read at every use, and parsed after a change.
export function mountedFile (path, parse) {
  let content = readFileSync(path) // no keys, no start
  let value = parse(content)
  return () => {
    try {
      const current = readFileSync(path)
      if (!current.equals(content)) {
        value = parse(current)
        content = current
      }
    } catch (error) {
      // not the message of the error: it may quote a key
      console.error(`${path}: ${error.code ?? error.name}; the last keys stay`)
    }
    return value
  }
}

export function parseKeyset (content) {
  const { version, active, keys, legacy } = JSON.parse(content)
  const byKid = new Map(keys.map(({ kid, k }) => [kid, Buffer.from(k, 'base64url')]))
  if (!byKid.has(active)) throw new TypeError('no active key')
  const until = legacy?.until ? Date.parse(legacy.until) : Infinity
  // The key with exactly this kid. Tokens without a kid are from before the keyset.
  const find = (kid) => {
    if (kid === undefined && legacy && Date.now() < until) return byKid.get(legacy.kid)
    return byKid.get(kid)
  }
  return { version, active, find }
}

// Tokens of one use, `access` or `refresh`: each use has a keyset of its own. `lifetime` and
// `skew` are in seconds, and not longer than `max_token_lifetime` and `skew` of the keyset.
// Afterwards there are app[use].sign(reply, subject) and the hook app[use].verify.
export const tokens = fp(async (app, { use, file, lifetime, skew, cookie }) => {
  const keyset = mountedFile(file, parseKeyset)
  await app.register(fastifyJwt, {
    namespace: use,
    secret: {
      private: async () => keyset().find(keyset().active),
      public: async (_request, { header }) => {
        const key = keyset().find(header.kid)
        if (!key) throw unauthorized('no such kid')
        return key
      }
    },
    decode: { complete: true },
    verify: {
      algorithms: ['HS256'],
      clockTolerance: skew * 1000,
      requiredClaims: ['exp', 'iat', 'sub'],
      complete: true
    },
    trusted: (_request, { header, payload }) =>
      payload.use === use || (payload.use === undefined && header.kid === undefined),
    formatUser: ({ payload }) => payload,
    cookie: { cookieName: cookie, signed: false }
  })
  app.decorate(use, {
    cookie,
    lifetime,
    version: () => keyset().version,
    sign: (reply, subject) => {
      const { active, find } = keyset()
      const sign = { algorithm: 'HS256', expiresIn: lifetime, kid: active, key: find(active) }
      return reply[`${use}JwtSign`]({ sub: subject, use }, { sign })
    },
    verify: async (request) => {
      try {
        await request[`${use}JwtVerify`]()
      } catch (error) {
        throw unauthorized(error.message) // some errors of the library would become 500
      }
    }
  })
})

// The API keys that this service accepts. The hook sets request.keyId.
export const acceptedKeys = fp(async (app, { file }) => {
  const digest = (value) => createHash('sha256').update(value).digest()
  const accepted = mountedFile(file, (content) =>
    JSON.parse(content).map(({ id, value }) => [id, digest(value)]))
  app.decorateRequest('keyId', null)
  app.decorate('acceptKey', async (request) => {
    const sent = digest(request.headers['x-api-key'] ?? '')
    for (const [id, known] of accepted()) { // all of them, whichever fits
      if (timingSafeEqual(known, sent)) request.keyId = id
    }
    if (request.keyId === null) throw unauthorized('no such key')
  })
})
