// Writes the table of all functions of @stepup-auth/client into docs/sdk/javascript.md: each with the first sentence of its
// documentation comment. With --check it compares instead, and fails.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = `${root}../../docs/sdk/javascript.md`;
const entry = `${root}packages/client/dist/index.d.ts`;

const program = ts.createProgram([entry], { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, types: [] });
const checker = program.getTypeChecker();
const sentences = new Map();
for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)))) {
  const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  if (!(real.flags & ts.SymbolFlags.Variable) || checker.getTypeOfSymbol(real).getCallSignatures().length === 0) continue;
  const comment = ts.displayPartsToString(real.getDocumentationComment(checker)).replaceAll(/\s+/g, ' ');
  const [sentence] = /^.*?[.](?= |$)/.exec(comment) ?? [];
  if (!sentence) throw new Error(`${symbol.name} has no sentence that says what it does`);
  sentences.set(symbol.name, sentence.slice(0, -1).replaceAll('|', '\\|'));
}
const rows = [...sentences.keys()].sort().map((name) => `| \`${name}\` | ${sentences.get(name)} |`);

const [begin, end] = ['<!-- functions: `npm run api` in sdk/typescript writes this table -->\n', '<!-- end of functions -->'];
const text = readFileSync(page, 'utf8');
const [from, to] = [text.indexOf(begin), text.indexOf(end)];
if (from < 0 || to < from) throw new Error(`docs/sdk/javascript.md has no place for the table, ${begin.trim()} … ${end}`);
const made = `${text.slice(0, from)}${begin}\n| function | what it does |\n|---|---|\n${rows.join('\n')}\n\n${text.slice(to)}`;
if (!process.argv.includes('--check')) writeFileSync(page, made);
else if (made !== text) {
  console.error('The table of functions in docs/sdk/javascript.md is not what the package exports; type: npm run api');
  process.exitCode = 1;
}
