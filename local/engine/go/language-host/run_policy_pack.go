// A part of the Node language host, put beside its main.go when it is built (local/engine/build-engine.ts). The last version of the
// host that is published as a module answers "not supported" where the engine asks it to run a policy pack; this runs it as the
// hosts of later versions do: node on what the pack's own @pulumi/pulumi brings for it.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Fields of later versions of the engine's messages (proto/pulumi/language.proto), which this host's own do not know.
const (
	requestInfo      protowire.Number = 5 // RunPluginRequest.info
	requestKind      protowire.Number = 6 // RunPluginRequest.kind
	programDirectory protowire.Number = 2 // ProgramInfo.program_directory
)

func runPolicyPack(
	req *pulumirpc.RunPluginRequest, server pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	unknown := req.ProtoReflect().GetUnknown()
	if kind := bytesField(unknown, requestKind); string(kind) != "analyzer" {
		return fmt.Errorf("plugins of the kind %q are not supported", kind)
	}
	directory := string(bytesField(bytesField(unknown, requestInfo), programDirectory))
	if directory == "" {
		return errors.New("the engine does not say where the policy pack is")
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(server, false)
	if err != nil {
		return err
	}
	defer closer.Close()

	launcher := filepath.Join(filepath.Dir(self), "pulumi-analyzer-policy")
	// The context ends when the engine is done with the pack.
	cmd := exec.CommandContext(server.Context(), launcher, append(req.Args, ".")...)
	cmd.Dir = directory
	cmd.Env = req.Env
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err = cmd.Run(); err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return server.Send(&pulumirpc.RunPluginResponse{
				Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(exit.ExitCode())},
			})
		}
		return fmt.Errorf("the policy pack cannot be started: %w", err)
	}
	return closer.Close()
}

// bytesField returns the value of a string, bytes or message field of an encoded message, the last one if there are several;
// empty if there is none.
func bytesField(message []byte, number protowire.Number) []byte {
	var found []byte
	for len(message) > 0 {
		field, kind, length := protowire.ConsumeField(message)
		if length < 0 {
			return nil
		}
		if field == number && kind == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(message)
			found, _ = protowire.ConsumeBytes(message[tag:])
		}
		message = message[length:]
	}
	return found
}
