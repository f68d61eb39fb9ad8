// What holds between the keys of a service's file, each of which may be right by itself.
#pragma once

#include "config/section_reader.hpp"
#include "config/value.hpp"
#include "model/spec.hpp"

namespace zinit {

/// Adds what contradicts itself in `document` to `findings`, as an error, and what has no effect
/// beside another key, as a warning. `reader` has read all of its sections into `spec`, which is of
/// a service and no target, with its defaults. Any thread.
void find_contradictions(const Value& document, const SectionReader& reader,
                         const ServiceSpec& spec, Findings& findings);

}  // namespace zinit
