// Where Metro begins on a phone. In a browser index.web.tsx does.
import { AppRegistry } from 'react-native';
import { App } from './src/App';

AppRegistry.registerComponent('Kite', () => App);
