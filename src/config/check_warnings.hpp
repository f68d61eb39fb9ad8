// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Warnings of `check` about what files name, once it has read all of them.
#pragma once

#include <string>
#include <vector>

#include "config/check.hpp"
#include "config/templates.hpp"
#include "model/graph.hpp"

namespace zinit {

/// Warns of dependencies that do not exist. They are no errors, because they may be added later.
/// `names` has the names of all services.
void tell_absent(const Node& node, const std::vector<std::string>& names, const MaskedNames& masked,
                 std::vector<Diagnostic>& findings);

/// Warns of names in `on_failure` that belong to no service and no template.
void tell_absent_on_failure(const ServiceSpec& spec, const Graph& graph, const Templates& templates,
                            std::vector<Diagnostic>& findings);

/// Warns of templates whose instances would have triggers, but of which the files make no instance.
/// A vendor's template, and a single file, may have its instances elsewhere.
void tell_idle_templates(const Templates& templates, const std::vector<ParsedSpec>& parsed,
                         const ServiceDefaults& defaults, std::vector<Diagnostic>& findings);

/// Warns of each thing that the service names but that does not exist.
void tell_absences(const ServiceSpec& spec, const FindAbsences& find, const ReadText& read,
                   std::vector<Diagnostic>& findings);

/// Warns of a shutdown that gives the service less time to end than its file does.
void tell_long_stop(ParsedSpec& one, Milliseconds shutdown_timeout, const ReadText& read);

}  // namespace zinit
