// The script of a worker thread of Node that holds a database.
import { parentPort } from 'node:worker_threads';
import { nodePlatform } from './platform_node.js';
import { serve } from './worker_messages.js';

const answer = serve(nodePlatform, (reply, transfer) => parentPort?.postMessage(reply, transfer));
parentPort?.on('message', (request) => void answer(request));
