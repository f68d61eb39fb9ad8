// Templates: a file NAME@.toml is no service but what services NAME@INSTANCE are made of
// (zinit.toml(5), "Templates").
//
// Their texts are kept as they were read, so that an instance which is made later, by a client's
// `start`, is made of the same config as those that are there already.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/spec_reader.hpp"
#include "model/graph.hpp"

namespace zinit {

struct Listing;

/// The template that a service of this name may be an instance of: "getty@" of "getty@tty1". Empty
/// if the name has nothing before or after its first @.
[[nodiscard]] std::string_view template_of(std::string_view name) noexcept;

/// Whether a file of this name without `.toml` is a template: its only @ is its end.
[[nodiscard]] bool is_template_name(std::string_view stem) noexcept;

/// Makes of a template's document that of the instance `name`: in each string value %i becomes the
/// part after the first @, %n the name, %% is %, and the key `name` is the instance's. Reports a
/// template with another name, and one whose texts become too long for a file.
void make_instance(Value& document, const std::string& name, Findings& findings);

/// What make_instance() does to strings, in a value of [defaults] and for any service.
void fill_in_name(Value& value, std::string_view name);

/// The path in the folder of `path` of the file that would be the instance's own.
[[nodiscard]] std::string beside(const std::string& path, std::string_view instance);

/// The drop-ins of `file` that are the instance's own: those after its template's.
[[nodiscard]] std::vector<std::string> own_drop_ins(const SourceFile& file);

class Templates {
 public:
  /// A file as it was read.
  struct Text {
    FileIdentity identity;
    std::string text;
  };

  /// Takes the templates out of the files of `listing`, and reads them. A second one of a name is
  /// reported, and left out. Blocks on the file system.
  static Templates take_from(Listing& listing, const ReadText& read);

  [[nodiscard]] bool empty() const noexcept { return files_.empty(); }
  [[nodiscard]] bool has(std::string_view name) const { return files_.contains(name); }
  /// Whether the name could be an instance's.
  [[nodiscard]] bool makes(std::string_view name) const { return has(template_of(name)); }
  [[nodiscard]] std::vector<std::string> names() const;

  /// What the instance is made of. The template is there. With `link`, the file of the link that
  /// makes it, the drop-ins beside that are the instance's own.
  [[nodiscard]] SourceFile source_of(const std::string& instance,
                                     const SourceFile* link = nullptr) const;
  /// Reads what was kept, and what was not by `others`.
  [[nodiscard]] ReadText reader(ReadText others) const;

  /// Files and texts, to keep them for another image.
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

/// How many instances one load makes at most, and how long a chain of those may be that are only
/// there because another one names them: a template could name ever new ones.
inline constexpr std::size_t kMostInstances = 10000;
inline constexpr int kLongestChain = 16;

/// Adds to `wanted` the names of possible instances that a service's dependencies have, of all
/// kinds.
void add_instance_names(const ServiceSpec& spec, std::vector<std::string>& wanted);

/// Makes the instances in `wanted` that have a template, and those that these depend on. Left out
/// are names for which `there` is true. One that names an instance beyond the limits above has that
/// among its faults; what of `wanted` itself is too much is counted in `left_out`. Needs an
/// ordinary stack; reads no file.
[[nodiscard]] std::vector<ParsedSpec> make_instances(
    const Templates& templates, std::vector<std::string> wanted,
    const std::function<bool(const std::string& name)>& there, const ServiceDefaults& defaults,
    std::size_t* left_out = nullptr);

}  // namespace zinit
