// Proxies: turns a file with [proxy], or the parameters of xinet.set, into a ProxySpec by the table
// of keys (keys.hpp), and a ProxySpec into text again. The files are listed, layered and parsed as
// those of services are (spec_reader.hpp), and end up in LoadedConfig::proxies.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/spec_reader.hpp"
#include "model/graph.hpp"
#include "model/proxy_spec.hpp"

namespace zinit {

/// The one section that a proxy's file may have.
inline constexpr std::string_view kProxySection = "proxy";

/// A proxy without a fault; or its faults, all of them, as whole messages.
using ParsedProxy = tl::expected<std::shared_ptr<ProxySpec>, std::vector<std::string>>;

/// Reads the proxy that `keys` describes: a table of keys of [proxy], `name` among them, as the
/// parameters of xinet.set are. Strict, as `zinitctl check`: unknown keys are faults. The spec has
/// no file. Whether there is the service that it names is not looked at. Any thread.
[[nodiscard]] ParsedProxy proxy_from_table(const Value& keys);

/// The text of a file that describes the proxy: read_spec() makes an equal spec of it, whatever the
/// file's name. Keys at their defaults are left out. `spec` has no errors. Any thread.
[[nodiscard]] std::string proxy_text(const ProxySpec& spec);

/// The spec as JSON text on one line, for the next image: its keys and where they were read from,
/// without warnings. `spec` has no errors. Any thread.
[[nodiscard]] std::string proxy_json(const ProxySpec& spec);
/// The spec that proxy_json() has written; nothing if `json` is no such text, or if the spec is
/// wrong by the rules of this image.
[[nodiscard]] std::optional<ProxySpec> proxy_from_json(std::string_view json);

// --- for the other readers ---

/// Whether the document describes a proxy: it has [proxy], or what seems to be that misspelt, and
/// neither [service] nor [target].
[[nodiscard]] bool describes_proxy(const Value& document);

/// The same of a text that is no TOML, of which nothing but its lines is known.
[[nodiscard]] bool has_proxy_header(std::string_view text);

/// Reads a document that describes a proxy into `blank`, which has its files, and may have
/// diagnostics already. `blank.proxy` is there, with all defaults.
[[nodiscard]] ParsedSpec read_proxy(const Value& document, ParsedSpec blank);

/// Only the faults of keys: those of the drop-ins, when the file itself could not be read.
[[nodiscard]] std::vector<Diagnostic> proxy_key_faults(const Value& document, ParsedSpec blank);

/// Adds a warning to each proxy of `parsed` whose service is none of those in `parsed`: it may be
/// added later.
void warn_of_absent_services(std::vector<ParsedSpec>& parsed, const MaskedNames& masked);

}  // namespace zinit
