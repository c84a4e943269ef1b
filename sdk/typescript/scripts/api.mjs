// Writes what each package exports, without the comments, into packages/NAME/api.txt: a change of the surface is seen in review.
// With --check it compares instead, and fails.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const check = process.argv.includes('--check');
const printer = ts.createPrinter({ removeComments: true });

/** The declarations that an entry exports, by name. */
const surface = (entry) => {
  const program = ts.createProgram([entry], { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2022, types: [] });
  const checker = program.getTypeChecker();
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)));
  const declarations = exported.flatMap((symbol) => {
    const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return real.declarations.map((node) => {
      const whole = ts.isVariableDeclaration(node) ? node.parent.parent : node;
      const text = printer.printNode(ts.EmitHint.Unspecified, whole, whole.getSourceFile()).replace(/^export (declare )?/, '');
      return symbol.name === real.name ? text : `${text} // as ${symbol.name}`;
    });
  });
  return [...new Set(declarations)].sort();
};

let differs = false;
const all = { core: ['index'], client: ['index', 'compat', 'prompt/index', 'prompt/headless'], react: ['index', 'compat', 'calls'], 'react-native': ['index', 'prompt/index'], server: ['index', 'testing'] };
for (const [name, entries] of Object.entries(all)) {
  const file = `${root}packages/${name}/api.txt`;
  const [first, ...more] = entries.map((entry) => surface(`${root}packages/${name}/dist/${entry}.d.ts`));
  const text = `${[...first, ...more.flatMap((all, i) => [`\n// besides, in ${entries[i + 1]}`, ...all.filter((one) => !first.includes(one))])].join('\n')}\n`;
  if (!check) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    differs = true;
    console.error(`packages/${name}/api.txt is not what the package exports; if that is meant, type: npm run api`);
  }
}
process.exitCode = differs ? 1 : 0;
