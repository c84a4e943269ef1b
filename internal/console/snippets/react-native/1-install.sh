# Install what make sdk packed, in the source beside your app
npm install ../stepup/artifacts/sdk/stepup-auth-{core,client,react,react-native}-0.1.0.tgz
