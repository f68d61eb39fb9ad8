// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Templates: a file NAME@.toml is not a service, but services NAME@INSTANCE are made from it
// (zinit.toml(5), "Templates").
//
// Their texts are kept, so that an instance that a client's `start` makes later has the same
// configuration as the existing instances.
//
// An instance is made like a service of a file: its layers are read again, %i is replaced in the
// tree, and the spec's `file` and places are the template's. The loader makes the instances that
// are named, wave after wave, within limits. activation/instances.hpp makes those that a client
// starts, from the kept texts, so it does not block and sees no change that no reload has put in
// force.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "config/spec_reader.hpp"
#include "model/graph.hpp"

namespace zinit {

struct Listing;

/// The template of which a service with this name may be an instance: "getty@" for "getty@tty1".
/// Empty if nothing stands before or after the first @.
[[nodiscard]] std::string_view template_of(std::string_view name) noexcept;

/// Whether a file of this name without `.toml` is a template: its only @ is its end.
[[nodiscard]] bool is_template_name(std::string_view stem) noexcept;

/// Turns a template's document into that of the instance `name`. In each string value, %i becomes
/// the part after the first @, %n the name, and %% becomes %; the key `name` becomes the
/// instance's. Reports a template with another name, or with texts too long for a file.
void make_instance(Value& document, const std::string& name, Findings& findings);

/// Does the same substitution for a value of [defaults], for any service, and for the document of a
/// connection's instance. False: it is too long now.
bool fill_in_name(Value& value, std::string_view name);

/// The path of the instance's own file, in the folder of `path`.
[[nodiscard]] std::string beside(const std::string& path, std::string_view instance);

/// The drop-ins in `file` that belong to the instance, which come after those of its template.
[[nodiscard]] std::vector<std::string> own_drop_ins(const SourceFile& file);

class Templates {
 public:
  /// A file's text and its identity at that time.
  struct Text {
    FileIdentity identity;
    std::string text;
  };

  /// Removes the templates from the files of `listing`, and reads them. Reports and leaves out a
  /// second template with the same name. Blocks on the file system.
  static Templates take_from(Listing& listing, const ReadText& read);

  [[nodiscard]] bool empty() const noexcept { return files_.empty(); }
  [[nodiscard]] bool has(std::string_view name) const { return files_.contains(name); }
  /// Whether the name could be an instance's.
  [[nodiscard]] bool makes(std::string_view name) const { return has(template_of(name)); }
  [[nodiscard]] std::vector<std::string> names() const;

  /// The files of the instance, whose template must exist. With `link`, the link that makes the
  /// instance, the drop-ins beside the link are the instance's own.
  [[nodiscard]] SourceFile source_of(const std::string& instance,
                                     const SourceFile* link = nullptr) const;
  /// Reads kept texts; other files by `others`.
  [[nodiscard]] ReadText reader(ReadText others) const;

  /// Files and texts, for the next process image.
  using Files = std::map<std::string, SourceFile, std::less<>>;
  using Texts = std::map<std::string, Text>;
  [[nodiscard]] const Files& files() const noexcept { return files_; }
  [[nodiscard]] const Texts& texts() const noexcept { return texts_; }
  Templates(Files files, Texts texts) : files_(std::move(files)), texts_(std::move(texts)) {}
  Templates() = default;

 private:
  Files files_;  // by the template's name
  Texts texts_;  // by path
};

using TemplatesPtr = std::shared_ptr<const Templates>;

/// The most instances that one load makes, and the longest chain of instances that exist only
/// because another instance names them. A template could name new instances without end.
inline constexpr std::size_t kMostInstances = 10000;
inline constexpr int kLongestChain = 16;

/// Adds to `wanted` the names in a service's dependencies, of all kinds, that may be instances.
void add_instance_names(const ServiceSpec& spec, std::vector<std::string>& wanted);

/// Makes the instances in `wanted` that have a template, and the instances that these depend on.
/// Leaves out names for which `there` is true. If an instance names another one beyond these
/// limits, that is one of its faults; names in `wanted` itself beyond them are counted in
/// `left_out`. Needs an ordinary stack; reads no file.
[[nodiscard]] std::vector<ParsedSpec> make_instances(
    const Templates& templates, std::vector<std::string> wanted,
    FunctionRef<bool(const std::string& name)> there, const ServiceDefaults& defaults,
    std::size_t* left_out = nullptr);

}  // namespace zinit
