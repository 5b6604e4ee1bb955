/** The API of both halves, described from their DTOs, each with a page to try it: /docs/recorder and /docs/reader. */
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ReaderModule } from '#app/reader';
import { RecorderModule } from '#app/recorder';

const APIS = {
  recorder: {
    title: 'Incident Ledger: recording',
    about: 'Acts that append to a ledger. What each means is in docs/acts.md; words and values in docs/codebook.md.',
    module: RecorderModule,
  },
  reader: {
    title: 'Incident Ledger: reading',
    about: 'What is known, who says so, and how the numbers come about. On loopback no key is needed.',
    module: ReaderModule,
  },
} as const;

export type ApiName = keyof typeof APIS;

function openApi(app: INestApplication, name: ApiName): OpenAPIObject {
  const { title, about, module } = APIS[name];
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setDescription(`${about} Errors are problems (RFC 9457) with a code from one closed list, docs/problems.md.`)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: il_…' })
    .build();
  return SwaggerModule.createDocument(app, config, { include: [module] });
}

export const API_NAMES = Object.keys(APIS) as ApiName[];

/** Serves both documents (…/json) and their pages. */
export function describeApis(app: INestApplication): void {
  for (const name of API_NAMES) {
    SwaggerModule.setup(`docs/${name}`, app, () => openApi(app, name), {
      jsonDocumentUrl: `docs/${name}/json`,
      customSiteTitle: APIS[name].title,
    });
  }
}

/** The same document without anything running: for the files in contracts/. */
export async function describeOffline(name: ApiName): Promise<OpenAPIObject> {
  // In preview nothing is instantiated, so nothing is needed to instantiate it with.
  const nothing = undefined as never;
  const module = name === 'recorder' ? RecorderModule.with(nothing) : ReaderModule.with(nothing, '');
  const app = await NestFactory.create(module, new FastifyAdapter(), { preview: true, logger: false });
  return openApi(app, name);
}
