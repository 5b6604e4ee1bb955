/** Whether there is a Docker, found out in no time where there is none: loading testcontainers alone takes longer. */
import { existsSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';

const ANSWER_MS_MAX = 1_500;

/** True if somebody listens where testcontainers would look for a Docker. */
export async function dockerAnswers(): Promise<boolean> {
  const answers = await Promise.all(places().map(listens));
  return answers.includes(true);
}

function places(): NetConnectOpts[] {
  const host = process.env['DOCKER_HOST'];
  if (host !== undefined && URL.canParse(host)) {
    const { protocol, hostname, port, pathname } = new URL(host);
    if (protocol === 'tcp:' || protocol === 'http:') return [{ host: hostname, port: Number(port || '2375') }];
    return [{ path: pathname }];
  }
  if (process.platform === 'win32') return [{ path: '//./pipe/docker_engine' }];
  const run = process.env['XDG_RUNTIME_DIR'] ?? `/run/user/${process.getuid?.()}`;
  return [
    '/var/run/docker.sock',
    join(run, 'docker.sock'),
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(homedir(), '.docker', 'desktop', 'docker.sock'),
  ]
    .filter((path) => existsSync(path))
    .map((path) => ({ path }));
}

async function listens(place: NetConnectOpts): Promise<boolean> {
  const socket = connect({ ...place, timeout: ANSWER_MS_MAX });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('timeout', () => resolve(false));
      socket.once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
