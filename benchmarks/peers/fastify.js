// The same job in Fastify, as a Node developer who cares about speed would write it: JSON schemas for
// requests and responses, verified tokens in a cache, prepared statements, one process per core.
// Rate limits are counted in memory, per process.
const cluster = require('cluster');
const fs = require('fs');

const PROCESSES = Number(process.env.W) || 2;
const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);
const WINDOW = 15 * 60 * 1000; // milliseconds

const text = (maxLength) => ({ type: ['string', 'null'], maxLength });
const fields = {
  title: { type: 'string', minLength: 1, maxLength: 200 },
  description: text(2000),
  link: { type: ['string', 'null'], maxLength: 500, pattern: '^(https?://\\S+)?$' },
  deadline: { type: ['string', 'null'], format: 'date' },
  category: { enum: ['internship', 'hackathon'] },
  status: { enum: ['applied', 'interviewed', 'shortlisted', 'selected', 'rejected'] },
  notes: text(5000),
};
const createBody = {
  type: 'object',
  required: ['title'],
  additionalProperties: false,
  properties: { ...fields, status: { ...fields.status, default: 'applied' } },
};
const updateBody = {
  type: 'object',
  minProperties: 1,
  additionalProperties: false,
  properties: fields,
};
const string = { type: 'string' };
const nullable = { type: ['string', 'null'] };
const opportunity = {
  type: 'object',
  properties: {
    id: string,
    user_id: string,
    title: string,
    description: nullable,
    link: nullable,
    deadline: nullable,
    category: nullable,
    status: nullable,
    notes: nullable,
    created_at: string,
    updated_at: string,
  },
};

const log = (event) =>
  console.log(JSON.stringify({ timestamp: new Date().toISOString(), ...event }));
const audit = (action, userId, resourceId) => log({ type: 'AUDIT', action, userId, resourceId });

async function addPlugins(app) {
  await app.register(require('@fastify/helmet'), {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        scriptSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', 'https:'],
        objectSrc: ["'none'"],
        frameSrc: ["'none'"],
      },
    },
    hsts: { maxAge: 31536000, includeSubDomains: true, preload: true },
    frameguard: { action: 'deny' },
  });
  await app.register(require('@fastify/cors'), {
    origin: ['http://localhost:3000'],
    credentials: true,
  });
  await app.register(require('@fastify/jwt'), {
    secret: { public: fs.readFileSync(process.env.JWT_PUB) },
    verify: { algorithms: ['RS256'], cache: 10000 },
  });
  await app.register(require('@fastify/rate-limit'), { max: 2e9, timeWindow: WINDOW });
}

function addRoutes(app, sql) {
  const columns = sql`
    id, user_id, title, description, link, deadline, category, status, notes, created_at, updated_at`;
  const writeLimit = { rateLimit: { max: 15e8, timeWindow: WINDOW } };
  const notFound = (reply) => reply.code(404).send({ error: 'Opportunity not found' });

  const onRequest = async (request, reply) => {
    try {
      await request.jwtVerify();
    } catch {
      return reply.code(401).send({ error: 'Unauthorized' });
    }
  };

  app.addHook('onRequest', async (request) => {
    if (WRITES.has(request.method)) {
      log({ type: 'REQUEST', method: request.method, path: request.url, ip: request.ip });
    }
  });

  app.get('/health', async () => ({ status: 'ok' }));

  app.get(
    '/api/opportunities',
    { onRequest, schema: { response: { 200: { type: 'array', items: opportunity } } } },
    async (request) => sql`
      select ${columns} from opportunities where user_id = ${request.user.sub}
      order by created_at desc, id desc limit ${Number(request.query.limit || 25)}`,
  );

  app.get(
    '/api/opportunities/:id',
    { onRequest, schema: { response: { 200: opportunity } } },
    async (request, reply) => {
      const [found] = await sql`
        select ${columns} from opportunities
        where user_id = ${request.user.sub} and id = ${request.params.id}`;
      return found || notFound(reply);
    },
  );

  app.post(
    '/api/opportunities',
    { onRequest, config: writeLimit, schema: { body: createBody, response: { 201: opportunity } } },
    async (request, reply) => {
      const body = request.body;
      const [created] = await sql`
        insert into opportunities
          (user_id, title, description, link, deadline, category, status, notes)
        values (${request.user.sub}, ${body.title.trim()}, ${body.description || null},
          ${body.link || null}, ${body.deadline || null}, ${body.category || null},
          ${body.status}, ${body.notes || null})
        returning ${columns}`;
      audit('CREATE_OPPORTUNITY', request.user.sub, created.id);
      reply.code(201);
      return created;
    },
  );

  app.patch(
    '/api/opportunities/:id',
    { onRequest, config: writeLimit, schema: { body: updateBody, response: { 200: opportunity } } },
    async (request, reply) => {
      const [updated] = await sql`
        update opportunities set ${sql(request.body)}, updated_at = now()
        where user_id = ${request.user.sub} and id = ${request.params.id}
        returning ${columns}`;
      if (!updated) return notFound(reply);
      audit('UPDATE_OPPORTUNITY', request.user.sub, updated.id);
      return updated;
    },
  );
}

async function serve() {
  const app = require('fastify')({ trustProxy: 1, bodyLimit: 1048576 });
  const sql = require('postgres')({
    path: `${process.env.PGHOST}/.s.PGSQL.5432`,
    user: 'postgres',
    database: 'postgres',
    max: 4,
    types: {
      date: { to: 1082, from: [1082], serialize: (value) => value, parse: (value) => value },
      timestamp: {
        to: 1184,
        from: [1184],
        serialize: (value) => value,
        parse: (value) => new Date(value).toISOString(),
      },
    },
  });
  await addPlugins(app);
  addRoutes(app, sql);
  const at = process.env.LISTEN;
  await app.listen(at.startsWith('/') ? { path: at } : { port: Number(at), host: '127.0.0.1' });
}

if (cluster.isPrimary) {
  for (let i = 0; i < PROCESSES; i++) cluster.fork();
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
    process.exit(0);
  });
} else {
  serve();
}
