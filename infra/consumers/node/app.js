// An example: login, refresh, a page for users, and one for the services that have an API key.
import { join } from 'node:path'
import cookies from '@fastify/cookie'
import Fastify from 'fastify'
import { acceptedKeys, mountedFile, tokens } from './keyset.js'

const {
  KEYS = '/etc/keys',
  SKEW = '60',
  ACCESS_SECONDS = '900',
  REFRESH_SECONDS = '2592000',
  PROVIDER = 'http://pulse-data',
  PORT = '8080'
} = process.env

const app = Fastify()
await app.register(cookies)
await app.register(tokens, {
  use: 'access',
  file: join(KEYS, 'jwt-access.json'),
  lifetime: Number(ACCESS_SECONDS),
  skew: Number(SKEW),
  cookie: 'pa_token'
})
await app.register(tokens, {
  use: 'refresh',
  file: join(KEYS, 'jwt-refresh.json'),
  lifetime: Number(REFRESH_SECONDS),
  skew: Number(SKEW),
  cookie: 'pa_refresh'
})
await app.register(acceptedKeys, { file: join(KEYS, 'api-keys.json') })
const ownKey = mountedFile(join(KEYS, 'api-key'), String)

async function setCookie (reply, { cookie, lifetime, sign }, subject, path) {
  reply.setCookie(cookie, await sign(reply, subject), {
    maxAge: lifetime,
    path,
    httpOnly: true,
    secure: true,
    sameSite: 'strict'
  })
}

app.post('/login', async (_request, reply) => {
  const subject = 'someone' // check the password here
  await setCookie(reply, app.access, subject, '/')
  await setCookie(reply, app.refresh, subject, '/refresh')
  return {}
})

app.post('/refresh', { onRequest: app.refresh.verify }, async (request, reply) => {
  await setCookie(reply, app.access, request.user.sub, '/')
  return {}
})

app.get('/me', { onRequest: app.access.verify }, async (request) => request.user.sub)

app.get('/data', { onRequest: app.acceptKey }, async (request) => request.keyId)

// What the other service answers to our API key.
app.get('/report', async () => {
  const answer = await fetch(`${PROVIDER}/data`, { headers: { 'X-API-Key': ownKey() } })
  return answer.status
})

// What a roll-out is measured by; no secret is in it.
app.get('/internal/keyset', async () =>
  ({ access: app.access.version(), refresh: app.refresh.version() }))

await app.listen({ port: Number(PORT), host: process.env.HOST ?? '0.0.0.0' })
