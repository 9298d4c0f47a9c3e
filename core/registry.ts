/**
 * A tsyringe container that says which token is wrong: a second registration would silently win there, and a missing one
 * would show only a symbol. Never the global container, so that two can live in one process (tests do).
 */
import { type DependencyContainer, container as globalContainer, instanceCachingFactory } from "tsyringe";
import type { Token } from "./tokens.ts";

export class Registry {
  readonly #container: DependencyContainer;

  constructor(container: DependencyContainer = globalContainer.createChildContainer()) {
    this.#container = container;
  }

  /** `make` runs at most once, when the token is first asked for. */
  register<T>(token: Token<T>, make: (registry: Registry) => T): this {
    if (this.#container.isRegistered(token))
      throw new Error(`${name(token)} is registered twice: see core/container.ts`);
    this.#container.register(token, { useFactory: instanceCachingFactory(() => make(this)) });
    return this;
  }

  get<T>(token: Token<T>): T {
    if (!this.#container.isRegistered(token, true)) {
      throw new Error(`${name(token)} is asked for but not registered: see core/container.ts`);
    }
    return this.#container.resolve(token);
  }

  /** Sees everything registered here, and what it registers itself. */
  child(): Registry {
    return new Registry(this.#container.createChildContainer());
  }
}

function name(token: symbol): string {
  return token.description ?? "a token without a name";
}
