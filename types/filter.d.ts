/** Metadata and filters over it. With a type of the metadata, paths and values are checked; without one, any path takes any value. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** What is kept beside a vector: a JSON object of at most 1 MB. */
export type Metadata = { [key: string]: Json };

/**
 * MongoDB's query language over metadata: paths to conditions, all of which must hold; `$and`, `$or`, `$nor` take arrays of filters, `$not` one.
 * `'a.b'` goes into objects and arrays; an array matches when an element does; a missing field matches null.
 *
 * With a type of the metadata, paths of up to three names are checked; below them, and below an index signature, any path takes any value.
 * @example { year: { $gte: 2020 }, tags: 'ai', $or: [{ lang: 'en' }, { lang: { $exists: false } }] }
 */
export type Filter<M extends object = Metadata> = Fields<M> & Logic<M>;

/** What a value of type T can be asked. */
export type FilterOp<T = Json> = { [O in keyof Operands<T> as O extends OperatorOf<T> ? O : never]?: Operands<T>[O] };

interface Operands<T> {
  $eq: Operand<T>;
  $ne: Operand<T>;
  $gt: Ordered<T>;
  $gte: Ordered<T>;
  $lt: Ordered<T>;
  $lte: Ordered<T>;
  $in: readonly Operand<T>[];
  $nin: readonly Operand<T>[];
  $all: readonly (ElementOf<T> | { $elemMatch: ElementFilter<ElementOf<T>> })[];
  $size: number;
  /** Conditions that one and the same element fulfils. */
  $elemMatch: ElementFilter<ElementOf<T>>;
  $not: FilterOp<T>;
  /** Both ends included. */
  $between: Between<Ordered<T>>;
  /** A substring of a string, or an element of an array. */
  $contains: Contained<T>;
  $exists: boolean;
}
type OperatorOf<T> =
  | '$eq'
  | '$ne'
  | '$in'
  | '$nin'
  | '$exists'
  | '$not'
  | If<Ordered<T>, '$gt' | '$gte' | '$lt' | '$lte'>
  | If<Between<Ordered<T>>, '$between'>
  | If<Contained<T>, '$contains'>
  | If<ElementOf<T>, '$all' | '$size' | '$elemMatch'>;

type Operand<T> = IsAny<T> extends true ? Json : Exclude<T, undefined> | ElementOf<T> | null;
type Ordered<T> = IsAny<T> extends true ? number | string | boolean : Widened<T | ElementOf<T>>;
type Widened<T> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : T extends Date ? Date : never;
type Between<V> = V extends boolean ? never : readonly [low: V, high: V];
type Contained<T> = IsAny<T> extends true ? Json : (T extends string ? string : never) | ElementOf<T>;
type ElementOf<T> = IsAny<T> extends true ? Json : T extends readonly (infer E)[] ? E : never;
type ElementFilter<E> = IsAny<E> extends true
  ? AnyFilter
  : (E extends Leaf | readonly unknown[] ? FilterOp<E> : never) | If<ObjectOf<E>, Filter<ObjectOf<E>>>;

// --- Paths

type AnyFilter = { [path: string]: Json | FilterOp | AnyFilter | AnyFilter[] };

type Fields<M> = IsOpen<M> extends true ? AnyFilter & Paths<Named<M>> : Paths<M>;
type Paths<M> = { [P in Path<M, 3>]?: Condition<ValueAt<M, P>> };
type Condition<T> = IsAny<T> extends true ? Json | FilterOp : Operand<T> | FilterOp<T>;
type Logic<M extends object> = IsOpen<M> extends true ? unknown : LogicOf<M>;
interface LogicOf<M extends object> {
  $and?: readonly Filter<M>[];
  $or?: readonly Filter<M>[];
  $nor?: readonly Filter<M>[];
  $not?: Filter<M>;
}

/** The paths of at most D names into T, and `${string}` for what lies deeper. */
type Path<T, D extends number> = IsAny<T> extends true
  ? string
  : T extends Leaf
    ? never
    : [D] extends [0]
      ? string
      : T extends readonly (infer E)[]
        ? Joined<`${number}`, E, D> | Path<ObjectOf<E>, D>
        : IsOpen<T> extends true
          ? string
          : { [K in keyof Named<T>]: Joined<K & string, Named<T>[K], D> }[keyof Named<T>];
type Joined<K extends string, T, D extends number> = K | `${K}.${Path<T, Less[D]>}`;
type Less = [never, 0, 1, 2];

type ValueAt<T, P> = IsAny<T> extends true
  ? Json
  : T extends Leaf
    ? never
    : string extends P
      ? T extends { [key: string]: infer V extends Leaf }
        ? V
        : Json
      : T extends readonly (infer E)[]
        ? P extends `${number}`
          ? E
          : P extends `${number}.${infer R}`
            ? ValueAt<E, R>
            : ValueAt<E, P>
        : P extends keyof Named<T>
          ? Named<T>[P]
          : P extends `${infer K}.${infer R}`
            ? K extends keyof Named<T>
              ? ValueAt<Named<T>[K], R>
              : never
            : never;

type Leaf = string | number | boolean | bigint | symbol | null | undefined | Date | ((...args: never) => unknown);
/** The objects of a union. */
type ObjectOf<T> = T extends Leaf | readonly unknown[] ? never : T extends object ? T : never;
/** any, unknown, Json. */
type IsAny<T> = [Json] extends [T] ? true : false;
/** any, objects without a named member, and those with an index signature. */
type IsOpen<T> = string extends keyof T ? true : [keyof T] extends [never] ? true : false;
/** The members of T that a path can name. */
type Named<T> = {
  [K in keyof T as K extends string | number ? (`${K}` extends `${string}.${string}` | `$${string}` ? never : NoIndex<K>) : never]-?: T[K];
};
type NoIndex<K extends string | number> = string extends K ? never : number extends K ? never : `${K}`;
/** Then, unless T is never. */
type If<T, Then> = [T] extends [never] ? never : Then;
