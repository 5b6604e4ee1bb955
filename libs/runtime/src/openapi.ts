/** The API of a process, described from its DTOs, with a page to try it under /docs. */
import type { INestApplication, Type } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

export interface ApiDescription {
  /** Stands in the addresses: /docs/<name>. */
  name: string;
  title: string;
  about: string;
  /** Whose routes it has. */
  module: Type;
}

export function openApiOf(app: INestApplication, { title, about, module }: ApiDescription): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(title)
    .setDescription(`${about} Errors are problems (RFC 9457) with a code from one closed list, docs/problems.md.`)
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key: il_…' })
    .build();
  return SwaggerModule.createDocument(app, config, { include: [module] });
}

/** Serves each document (…/json) and its page. */
export function serveOpenApi(app: INestApplication, ...apis: readonly ApiDescription[]): void {
  for (const api of apis) {
    SwaggerModule.setup(`docs/${api.name}`, app, () => openApiOf(app, api), {
      jsonDocumentUrl: `docs/${api.name}/json`,
      customSiteTitle: api.title,
    });
  }
}
