export class HashEmbedder {}
