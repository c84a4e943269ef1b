/** Jest runs CommonJS, which has no import(): there it is a require, as Metro bundles it. */
const importsAsRequires = ({ template }) => ({
  visitor: {
    Import({ parentPath: call }) {
      call.replaceWith(template.expression('Promise.resolve().then(() => require(NAME))')({ NAME: call.node.arguments[0] }));
    },
  },
});

module.exports = {
  presets: ['module:@react-native/babel-preset'],
  env: { test: { plugins: [importsAsRequires] } },
};
