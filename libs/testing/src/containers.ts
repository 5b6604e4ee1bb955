/** A Kafka or a PostgreSQL in a container, for its keeper (`server-keeper.ts`), who loads testcontainers, which is large. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import {
  GenericContainer,
  getContainerRuntimeClient,
  ImageName,
  Wait,
  type StartedTestContainer,
} from 'testcontainers';
import { holdFreePort } from '#embedded';
import { kafkaSettings } from './kafka-settings.js';

const START_MS_MAX = 90_000;
const PORT_TAKEN = /port is already allocated|address already in use/i;
const PORT_TRIES_MAX = 5;

interface Started<Answer> {
  readonly container: StartedTestContainer;
  readonly answer: Answer;
}

/** Of an image, by a function that starts it. */
export class ContainerServer<Answer> {
  readonly #image: string;
  readonly #run: (image: string) => Promise<Started<Answer>>;
  #started: Promise<Started<Answer>> | undefined;

  constructor(image: string, run: (image: string) => Promise<Started<Answer>>) {
    // Its reaper would be one more image to pull, for what our keeper does.
    process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
    this.#image = image;
    this.#run = run;
  }

  /** Pulls the image if Docker does not hold it. */
  async prepare(): Promise<object> {
    const { image } = await getContainerRuntimeClient();
    const name = ImageName.fromString(this.#image);
    await image.pull(name);
    // A pull that fails half-way does not say so.
    if (!(await image.exists(name))) throw new Error(`${this.#image} cannot be pulled`);
    return {};
  }

  /** Once: whoever asks again gets the same server. */
  async start(): Promise<Answer> {
    try {
      return (await (this.#started ??= this.#run(this.#image))).answer;
    } catch (cause) {
      throw new Error(`A container of ${this.#image} did not start: ${(cause as Error).message}`, { cause });
    }
  }

  async stop(): Promise<void> {
    const started = await this.#started?.catch(() => undefined);
    await started?.container.stop();
  }
}

/**
 * The official image of Apache Kafka, or one that takes the same variables. A broker tells its clients where to connect,
 * so the port outside is chosen before it starts.
 */
export async function runKafkaContainer(image: string): Promise<Started<{ brokers: string[] }>> {
  const { info } = await getContainerRuntimeClient();
  for (let tries = 1; ; tries += 1) {
    const held = await holdFreePort();
    await held.release();
    const { port } = held;
    const advertised = `${info.containerRuntime.host}:${port}`;
    const settings = kafkaSettings({ clients: `0.0.0.0:${port}`, advertised, controller: '127.0.0.1:9093' });
    const environment = Object.entries(settings).map(([name, value]) => [
      `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
      value,
    ]);
    try {
      const container = await start(
        new GenericContainer(image)
          .withEnvironment(Object.fromEntries(environment) as Record<string, string>)
          .withExposedPorts({ container: port, host: port })
          .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)),
      );
      return { container, answer: { brokers: [advertised] } };
    } catch (error) {
      if (!PORT_TAKEN.test(String(error)) || tries === PORT_TRIES_MAX) throw error;
    }
  }
}

/** The official image of PostgreSQL, or one that takes the same variables. */
export async function runPostgresContainer(image: string): Promise<Started<{ connectionString: string }>> {
  const container = await start(
    new GenericContainer(image)
      .withEnvironment({
        POSTGRES_PASSWORD: 'postgres',
        // As the embedded one is made: texts sort the same everywhere.
        POSTGRES_INITDB_ARGS: '--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8',
      })
      .withExposedPorts(5432),
  );
  const connectionString = `postgres://postgres:postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`;
  // Docker's own proxy listens before the server does.
  const deadline = Date.now() + START_MS_MAX;
  while (!(await answers(connectionString))) {
    if (Date.now() > deadline) {
      await container.stop();
      throw new Error(`PostgreSQL in ${image} does not answer after ${START_MS_MAX / 1000} seconds.`);
    }
    await pause(100);
  }
  return { container, answer: { connectionString } };
}

/** What a failed start made is removed. */
async function start(container: GenericContainer): Promise<StartedTestContainer> {
  const name = `incident-ledger-test-${randomUUID()}`;
  try {
    return await container.withName(name).withStartupTimeout(START_MS_MAX).start();
  } catch (error) {
    const { container: containers } = await getContainerRuntimeClient();
    await containers
      .getById(name)
      .remove({ force: true, v: true })
      .catch(() => undefined);
    throw error;
  }
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end();
  }
}
