module.exports = () => globalThis.stepupTest?.stop();
