/** The API of both halves, each with a page to try it: /docs/recorder and /docs/reader. */
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { READER_API, ReaderModule } from '#app/reader';
import { RECORDER_API, RecorderModule } from '#app/recorder';
import { openApiOf, serveOpenApi } from '#runtime';

const APIS = { recorder: RECORDER_API, reader: READER_API };

export type ApiName = keyof typeof APIS;
export const API_NAMES = Object.keys(APIS) as ApiName[];

export function describeApis(app: INestApplication): void {
  serveOpenApi(app, ...Object.values(APIS));
}

/** The same document without anything running: for the files in contracts/. */
export async function describeOffline(name: ApiName): Promise<OpenAPIObject> {
  // In preview nothing is instantiated, so nothing is needed to instantiate it with.
  const nothing = undefined as never;
  const module = name === 'recorder' ? RecorderModule.with(nothing) : ReaderModule.with(nothing);
  const app = await NestFactory.create(module, new FastifyAdapter(), { preview: true, logger: false });
  return openApiOf(app, APIS[name]);
}
