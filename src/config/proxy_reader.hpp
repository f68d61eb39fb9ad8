// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Proxies: turns a file with [proxy], or the parameters of xinet.set, into a ProxySpec by the table
// of keys (keys.hpp), and a ProxySpec into text. The files are listed, layered and parsed like
// those of services (spec_reader.hpp), and become LoadedConfig::proxies.
//
// The file itself decides what it describes, no drop-in does. A file that is no TOML is a proxy's
// if one of its lines is the header [proxy], so a typing mistake makes no failed service of it. A
// file that cannot be read at all is a service's.
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

/// The only section that a proxy's file may have.
inline constexpr std::string_view kProxySection = "proxy";

/// A proxy without faults; or all its faults, as whole messages.
using ParsedProxy = tl::expected<std::shared_ptr<ProxySpec>, std::vector<std::string>>;

/// Reads the proxy that `keys` describes: a table of keys of [proxy], including `name`, like the
/// parameters of xinet.set. Strict like `zinitctl check`: unknown keys are faults. The spec has no
/// file. Does not check whether its service exists. Any thread.
[[nodiscard]] ParsedProxy proxy_from_table(const Value& keys);

/// The text of a file for the proxy: read_spec() makes an equal spec from it, whatever the file's
/// name. Leaves out keys at their defaults. `spec` has no errors. Any thread.
[[nodiscard]] std::string proxy_text(const ProxySpec& spec);

/// The spec as JSON text on one line, for the next process image: its keys and its files, without
/// warnings. `spec` has no errors. Any thread.
[[nodiscard]] std::string proxy_json(const ProxySpec& spec);
/// The spec from a text of proxy_json(); nothing if `json` is not such a text, or if the spec is
/// wrong by the rules of this process image.
[[nodiscard]] std::optional<ProxySpec> proxy_from_json(std::string_view json);

// --- for the other readers ---

/// Whether the document describes a proxy: it has [proxy], possibly misspelt, and neither [service]
/// nor [target].
[[nodiscard]] bool describes_proxy(const Value& document);

/// The same for a text that is not TOML, from its lines.
[[nodiscard]] bool has_proxy_header(std::string_view text);

/// Reads a document that describes a proxy into `blank`, which has its files, and may have
/// diagnostics already. `blank.proxy` exists, with all defaults.
[[nodiscard]] ParsedSpec read_proxy(const Value& document, ParsedSpec blank);

/// Only the faults of keys, in drop-ins, for a file that could not be read.
[[nodiscard]] std::vector<Diagnostic> proxy_key_faults(const Value& document, ParsedSpec blank);

/// Adds a warning to each proxy of `parsed` whose service is not in `parsed`: it may be added
/// later.
void warn_of_absent_services(std::vector<ParsedSpec>& parsed, const MaskedNames& masked);

}  // namespace zinit
