/**
 * THE CHECK of a parsed body against its DTO class: all that is wrong, at once, each with its JSON pointer.
 *
 * The classes carry ordinary class-validator metadata, and this walk asks the same rules. It stands in for class-transformer
 * and class-validator's own executor, because these let fields through that nobody declared: the former drops a field
 * named `constructor`, `toString` or `valueOf` in silence, the latter's whitelist takes `constructor` for declared. It
 * also reads the metadata of a class once, where they search it again for every object of every body.
 */
import { getMetadataStorage, ValidationTypes, type ValidatorConstraintInterface } from 'class-validator';
import { pointerTo, type Fault, type FaultCode } from './problems.js';

export type BodyClass = abstract new () => object;

/** What a field's object is, by the object it stands in and the value found. Undefined: nothing to descend into. */
export type ClassOf = (owner: Readonly<Record<string, unknown>>, value: unknown) => BodyClass | undefined;

/** More are not worth the answer's length. */
const FAULTS_MAX = 100;

interface Rule {
  code: FaultCode;
  constraint: ValidatorConstraintInterface;
  property: string;
  constraints: unknown[];
  targetName: string;
}

interface Field {
  name: string;
  optional: boolean;
  rules: Rule[];
  itemRules: Rule[];
  nested?: { classOf: ClassOf; each: boolean };
}

interface Plan {
  fields: ReadonlyMap<string, Field>;
  required: readonly string[];
  names: string;
  oneOf: readonly string[];
}

const NESTED = new Map<object, Map<string, { classOf: ClassOf; each: boolean }>>();
const ONE_OF = new Map<object, readonly string[]>();
const PLANS = new Map<BodyClass, Plan>();

/** The field holds an object of that class or, with `each`, a list of them. */
export function Nested(classOf: ClassOf, { each = false }: { each?: boolean } = {}): PropertyDecorator {
  return (target, name) => {
    const fields = NESTED.get(target) ?? new Map<string, { classOf: ClassOf; each: boolean }>();
    NESTED.set(target, fields.set(String(name), { classOf, each }));
  };
}

/** Of all its fields an object of this class has exactly one. */
export function ExactlyOneOf(...names: string[]): ClassDecorator {
  return (target) => void ONE_OF.set(target, names);
}

/** All faults of a body, or none; at most FAULTS_MAX. */
export function checkBody(body: unknown, bodyClass: BodyClass): Fault[] {
  const walk = new Walk();
  walk.object(body, bodyClass);
  return walk.faults;
}

class Walk {
  readonly faults: Fault[] = [];
  readonly #path: (string | number)[] = [];

  object(value: unknown, bodyClass: BodyClass): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.#fault('wrong-type', 'must be an object');
    }
    const plan = PLANS.get(bodyClass) ?? makePlan(bodyClass);
    const owner = value as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(owner)) {
      if (this.faults.length >= FAULTS_MAX) return;
      const field = plan.fields.get(name);
      this.#path.push(name);
      if (field === undefined) this.#fault('unknown-field', `is no field here: the fields are ${plan.names}`);
      else this.#field(owner, field, owner[name]);
      this.#path.pop();
    }
    for (const name of plan.required) {
      if (Object.hasOwn(owner, name)) continue;
      this.#path.push(name);
      this.#fault('missing', 'is missing');
      this.#path.pop();
    }
    if (plan.oneOf.length > 0 && plan.oneOf.filter((name) => Object.hasOwn(owner, name)).length !== 1) {
      this.#fault('exactly-one', `must have exactly one of ${plan.oneOf.join(', ')}`);
    }
  }

  #field(owner: Readonly<Record<string, unknown>>, field: Field, value: unknown): void {
    if (!this.#passes(field.rules, owner, value)) return;
    const { nested, itemRules } = field;
    if (itemRules.length > 0 || nested?.each === true) {
      for (const [index, item] of (value as readonly unknown[]).entries()) {
        if (this.faults.length >= FAULTS_MAX) return;
        this.#path.push(index);
        if (this.#passes(itemRules, owner, item)) this.#nested(owner, nested, item);
        this.#path.pop();
      }
    } else this.#nested(owner, nested, value);
  }

  #nested(owner: Readonly<Record<string, unknown>>, nested: Field['nested'], value: unknown): void {
    const bodyClass = nested?.classOf(owner, value);
    if (bodyClass !== undefined) this.object(value, bodyClass);
  }

  #passes(rules: readonly Rule[], object: object, value: unknown): boolean {
    for (const { code, constraint, property, constraints, targetName } of rules) {
      const asked = { value, constraints, property, object, targetName };
      if (constraint.validate(value, asked) === true) continue;
      const reason = constraint.defaultMessage?.(asked) ?? 'is not acceptable';
      this.#fault(code, value === null ? `${reason}; null is not taken, leave the field out` : reason);
      return false;
    }
    return true;
  }

  #fault(code: FaultCode, reason: string): void {
    this.faults.push({ pointer: pointerTo(this.#path), code, reason });
  }
}

function makePlan(bodyClass: BodyClass): Plan {
  const storage = getMetadataStorage();
  const fields = new Map<string, Field>();
  for (const metadata of storage.getTargetValidationMetadatas(bodyClass, '', false, false)) {
    const name = metadata.propertyName;
    const field = fields.get(name) ?? { name, optional: false, rules: [], itemRules: [] };
    fields.set(name, field);
    if (metadata.type === ValidationTypes.CONDITIONAL_VALIDATION) field.optional = true;
    for (const { name: code, instance } of storage.getTargetValidatorConstraints(metadata.constraintCls)) {
      const rules = metadata.each ? field.itemRules : field.rules;
      rules.push({
        code: code as FaultCode,
        constraint: instance,
        property: name,
        constraints: metadata.constraints,
        targetName: bodyClass.name,
      });
    }
  }
  for (
    let target = bodyClass.prototype as object;
    target !== Object.prototype;
    target = Object.getPrototypeOf(target)
  ) {
    for (const [name, nested] of NESTED.get(target) ?? []) {
      const field = fields.get(name) ?? { name, optional: false, rules: [], itemRules: [] };
      fields.set(name, field);
      field.nested ??= nested;
    }
  }
  const required = [...fields.values()].filter(({ optional }) => !optional).map(({ name }) => name);
  const names = [...fields.keys()].join(', ') || 'none';
  const plan = { fields, required, names, oneOf: ONE_OF.get(bodyClass) ?? [] };
  PLANS.set(bodyClass, plan);
  return plan;
}
