import { flushCompileCache } from "node:module";
import * as grpc from "@grpc/grpc-js";
import pluginproto from "@pulumi/pulumi/proto/plugin_pb.js";
import service from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";
import statusproto from "@pulumi/pulumi/proto/status_pb.js";
import anyproto from "google-protobuf/google/protobuf/any_pb.js";
import emptyproto from "google-protobuf/google/protobuf/empty_pb.js";
import structproto from "google-protobuf/google/protobuf/struct_pb.js";
import { difference, inputsFromState, withDefaults } from "./difference.ts";
import type { OperationContext, Properties, ProviderDefinition, ResourceType } from "./resource-type.ts";
import { InitFailure } from "./resource-type.ts";
import { compact, UNKNOWN, withoutSecretMarks } from "./values.ts";

type Unary<Request, Response> = grpc.handleUnaryCall<Request, Response>;

/** The largest message that the engine sends or takes (pulumi/sdk `rpcutil.GrpcChannelOptions`: 400 MiB). */
const maxMessageBytes = 400 * 1024 * 1024;

/**
 * Serves a provider to the Pulumi engine (protocol: pulumi/proto `provider.proto`) and prints the port, as a plugin
 * does. Unlike `@pulumi/pulumi/provider`'s `main` it takes provider settings, answers previews of creations and
 * updates, and reports errors without stack traces. Secrets: we say that we do not understand them; the engine then
 * sends plain values and marks every output secret whose input of the same name was.
 */
export async function serve(provider: ProviderDefinition): Promise<void> {
  const cancelled = new AbortController();
  let config: Properties = {};

  const context = (timeoutSeconds = 0): OperationContext => ({ config, signal: cancelled.signal, timeoutSeconds });

  const implementation: grpc.UntypedServiceImplementation = {
    getPluginInfo: unary<unknown, InstanceType<typeof pluginproto.PluginInfo>>(async () => {
      const info = new pluginproto.PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),

    attach: unary(async () => new emptyproto.Empty()),

    cancel: unary(async () => {
      cancelled.abort(new Error("The update was cancelled."));
      return new emptyproto.Empty();
    }),

    getSchema: unary(async () => {
      const response = new proto.GetSchemaResponse();
      response.setSchema("{}");
      return response;
    }),

    configure: unary<InstanceType<typeof proto.ConfigureRequest>, InstanceType<typeof proto.ConfigureResponse>>(
      async (request) => {
        config = withoutSecretMarks(fromStruct(request.getArgs())) as Properties;
        const response = new proto.ConfigureResponse();
        response.setSupportspreview(true);
        return response;
      },
    ),

    check: unary<InstanceType<typeof proto.CheckRequest>, InstanceType<typeof proto.CheckResponse>>(async (request) => {
      const type = resourceType(request.getUrn());
      const inputs = compact(fromStruct(request.getNews())) as Properties;
      if (type.autoName && inputs.name === undefined) {
        inputs.name =
          fromStruct(request.getOlds()).name ?? automaticName(request.getUrn(), request.getRandomseed_asU8());
      }
      const response = new proto.CheckResponse();
      const failures = Object.entries(type.inputs)
        .filter(([key, rule]) => rule.required && inputs[key] === undefined)
        .map(([key]) => ({ property: key, reason: `Missing required property '${key}'.` }));
      for (const { property, reason } of [...failures, ...(type.check?.(inputs) ?? [])]) {
        const failure = new proto.CheckFailure();
        failure.setProperty(property);
        failure.setReason(reason);
        response.addFailures(failure);
      }
      response.setInputs(toStruct(inputs));
      return response;
    }),

    diff: unary<InstanceType<typeof proto.DiffRequest>, InstanceType<typeof proto.DiffResponse>>(async (request) => {
      const type = resourceType(request.getUrn());
      const { changed, replaces } = difference(
        type,
        fromStruct(request.getOlds()),
        fromStruct(request.getOldInputs()),
        fromStruct(request.getNews()),
        request.getIgnorechangesList(),
      );
      const response = new proto.DiffResponse();
      const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
      response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
      response.setDiffsList(changed);
      response.setReplacesList(replaces);
      response.setDeletebeforereplace(type.deleteBeforeReplace === true);
      return response;
    }),

    create: unary<InstanceType<typeof proto.CreateRequest>, InstanceType<typeof proto.CreateResponse>>(
      async (request) => {
        const type = resourceType(request.getUrn());
        const inputs = withDefaults(type, fromStruct(request.getProperties()));
        const response = new proto.CreateResponse();
        if (request.getPreview()) {
          response.setProperties(toStruct({ ...unknowns(computedOutputs(type)), ...inputs }));
          return response;
        }
        const { id, outputs } = await type.create(inputs, context(request.getTimeout()));
        response.setId(id);
        response.setProperties(toStruct({ ...inputs, ...outputs }));
        return response;
      },
      (request) => withDefaults(resourceType(request.getUrn()), fromStruct(request.getProperties())),
    ),

    update: unary<InstanceType<typeof proto.UpdateRequest>, InstanceType<typeof proto.UpdateResponse>>(
      async (request) => {
        const type = resourceType(request.getUrn());
        const state = fromStruct(request.getOlds());
        const inputs = withDefaults(type, fromStruct(request.getNews()));
        const response = new proto.UpdateResponse();
        const kept = Object.fromEntries(
          Object.entries(state).filter(([key]) => !type.inputs[key] || type.inputs[key].computed),
        );
        if (request.getPreview()) {
          response.setProperties(toStruct({ ...kept, ...unknowns(type.volatile ?? []), ...inputs }));
          return response;
        }
        if (!type.update) throw new Error(`${request.getUrn()} can only be replaced.`);
        const outputs = await type.update(request.getId(), inputs, state, context(request.getTimeout()));
        response.setProperties(toStruct({ ...kept, ...inputs, ...outputs }));
        return response;
      },
      (request) => withDefaults(resourceType(request.getUrn()), fromStruct(request.getNews())),
    ),

    read: unary<InstanceType<typeof proto.ReadRequest>, InstanceType<typeof proto.ReadResponse>>(async (request) => {
      const type = resourceType(request.getUrn());
      const oldInputs = fromStruct(request.getInputs());
      const known = fromStruct(request.getProperties());
      // Nothing known but the id: an import, or a creation that was cut off; both give the official import id.
      const fresh = Object.keys(known).length === 0;
      const { id, state } =
        fresh && type.importId ? type.importId(request.getId()) : { id: request.getId(), state: {} as Properties };
      const before = fresh ? { ...withDefaults(type, oldInputs), ...state } : known;
      const found = await type.read(id, before, context());
      const response = new proto.ReadResponse();
      if (!found) return response;
      // What the API does not tell stays as it is known; what it tells as undefined is unset.
      const outputs = { ...before, ...found.outputs };
      response.setId(found.id);
      response.setProperties(toStruct(outputs));
      response.setInputs(toStruct(inputsFromState(type, outputs, oldInputs)));
      return response;
    }),

    delete: unary<InstanceType<typeof proto.DeleteRequest>, InstanceType<typeof emptyproto.Empty>>(async (request) => {
      const type = resourceType(request.getUrn());
      await type.delete(request.getId(), fromStruct(request.getProperties()), context(request.getTimeout()));
      return new emptyproto.Empty();
    }),

    invoke: unary<InstanceType<typeof proto.InvokeRequest>, InstanceType<typeof proto.InvokeResponse>>(
      async (request) => {
        const source = provider.dataSources?.[request.getTok()];
        if (!source) throw new Error(`The local ${provider.name} provider has no function ${request.getTok()}.`);
        const response = new proto.InvokeResponse();
        response.setReturn(toStruct(await source(fromStruct(request.getArgs()), context())));
        return response;
      },
    ),
  };

  /** @throws Error when the program uses a type that this provider does not have. */
  function resourceType(urn: string): ResourceType {
    const token = urn.split("::")[2]?.split("$").pop() ?? "";
    const type = provider.resources[token];
    if (type) return type;
    throw new Error(
      `The local ${provider.name} provider has no resource type ${token}; see local/providers/${provider.name}.`,
    );
  }

  const server = new grpc.Server({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
  });
  server.addService(service.ResourceProviderService, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  process.stdout.write(`${port}\n`);
  // The engine ends its plugins by a signal, which leaves no time for it at the end.
  flushCompileCache();
  exitWithParent();
}

/** A killed engine must not leave plugins that go on changing things: Linux then gives us another parent. */
function exitWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, 500).unref();
}

/** @param inputsOf - what a failed initialisation falls back to when it has no outputs of its own */
function unary<Request, Response>(
  answer: (request: Request) => Promise<Response>,
  inputsOf?: (request: Request) => Properties,
): Unary<Request, Response> {
  return (call, callback) => {
    answer(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(grpcError(error, inputsOf?.(call.request)), null),
    );
  };
}

function grpcError(error: unknown, inputs: Properties = {}): grpc.ServiceError {
  const message = error instanceof Error ? error.message : String(error);
  const metadata = new grpc.Metadata();
  if (error instanceof InitFailure) {
    const detail = new proto.ErrorResourceInitFailed();
    detail.setId(error.id);
    detail.setProperties(toStruct({ ...inputs, ...error.outputs }));
    detail.setReasonsList([message]);
    const packed = new anyproto.Any();
    packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new statusproto.Status();
    status.setCode(grpc.status.UNKNOWN);
    status.setMessage(message);
    status.addDetails(packed);
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return Object.assign(new Error(message), { code: grpc.status.UNKNOWN, details: message, metadata });
}

function computedOutputs(type: ResourceType): string[] {
  const computedInputs = Object.entries(type.inputs).filter(([, rule]) => rule.computed);
  return [...type.outputs, ...computedInputs.map(([key]) => key)];
}

function unknowns(keys: string[]): Properties {
  return Object.fromEntries(keys.map((key) => [key, UNKNOWN]));
}

/** `<resource name>-<7 hex digits>`, as the official providers name things. */
function automaticName(urn: string, seed: Uint8Array): string {
  const random = seed.length > 0 ? Buffer.from(seed) : Buffer.from(crypto.getRandomValues(new Uint8Array(8)));
  return `${urn.split("::").pop()}-${random.toString("hex").slice(0, 7)}`;
}

function fromStruct(struct: InstanceType<typeof structproto.Struct> | undefined): Properties {
  return struct ? (struct.toJavaScript() as Properties) : {};
}

function toStruct(properties: Properties): InstanceType<typeof structproto.Struct> {
  const plain = compact(properties) as Properties;
  return structproto.Struct.fromJavaScript(plain as Parameters<typeof structproto.Struct.fromJavaScript>[0]);
}
