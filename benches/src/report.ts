import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Where plots and figures of the last runs lie. */
const FOLDER = new URL('../report/', import.meta.url);

/** Write a file of the report; its path, for people. */
export function writeReport(name: string, content: string): string {
  mkdirSync(FOLDER, { recursive: true });
  const file = new URL(name, FOLDER);
  writeFileSync(file, content);
  return `benches/report/${name}`;
}

/** Write figures as JSON, with what one has to know about the host: to the report, and to `file` where one was asked for. */
export function writeFigures(name: string, file: string | undefined, figures: object): void {
  const host = { cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length, node: process.version };
  const json = `${JSON.stringify({ bench: name, date: new Date().toISOString(), host, ...figures }, null, 2)}\n`;
  writeReport(`${name}.json`, json);
  if (file !== undefined) writeFileSync(file, json);
}
