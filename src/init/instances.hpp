// Instances of templates while the server runs: makes those that a client starts, makes all of them
// again at a reload, and removes those that nobody wants any more.
//
// An instance that a link makes, or a dependency, is read with the files, and stays until a reload
// finds that it is not wanted any more. One that a client has started leaves the graph when it is
// down, unless another service names it. If it has failed it stays, so that the reason can be read,
// until it is stopped, or a reload.
//
// Everything here is called on the control loop's thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/templates.hpp"
#include "init/configuration.hpp"
#include "init/later_removal.hpp"
#include "os/state_facts.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class Instances {
 public:
  /// All of these outlive this object. `answers_due` tells whether clients may still be to be told
  /// of the last change.
  Instances(Board& board, EventLoop& loop, const GlobalSettings& settings, StateFacts& facts,
            std::function<bool()> answers_due)
      : board_(board),
        settings_(settings),
        facts_(facts),
        removal_(loop, std::move(answers_due), [this] { remove_ended(); }) {}
  Instances(const Instances&) = delete;
  Instances& operator=(const Instances&) = delete;

  /// The templates in force; never null.
  [[nodiscard]] const TemplatesPtr& templates() const noexcept { return templates_; }
  /// Puts others in force, and keeps them for the next image.
  void use(const TemplatesPtr& templates);
  /// Goes on with those of the previous process image.
  void restore(const FactMap& facts);

  /// See Daemon::make_instance().
  RequestResult<void> make(std::string_view name);

  /// Adds to `specs`, all services of a reload, the instances of the new templates that are needed
  /// and not among them: those that were started, and those that services depend on which have no
  /// file, or whose files are refused. `no_restart` is that of the reload.
  void complete(std::vector<SpecPtr>& specs, const LoadedConfig& config, bool no_restart);

  /// Removes started instances that nobody wants any more. To be called after each change of the
  /// board.
  void look();

 private:
  [[nodiscard]] bool unwanted(const Graph& graph, Slot slot) const;
  void remove_ended();

  Board& board_;
  const GlobalSettings& settings_;
  StateFacts& facts_;
  TemplatesPtr templates_ = std::make_shared<const Templates>();
  GraphPtr seen_;
  std::vector<Slot> started_;  // of `seen_`
  // Not wanted any more at the last look. What has ended since is not among them: the clients that
  // wait for its end have not been told yet.
  std::vector<std::string> ended_;
  LaterRemoval removal_;
};

/// The instances that `spec` depends on, and these in turn, which are not in `graph`.
[[nodiscard]] std::vector<SpecPtr> instances_for(const ServiceSpec& spec,
                                                 const Templates& templates, const Graph& graph,
                                                 const ServiceDefaults& defaults);

/// A template for the next image, as text; and back, added to `files` and `texts`.
[[nodiscard]] std::string template_fact(const std::string& name, const Templates& templates);
void add_template(const std::string& name, const std::string& fact, Templates::Files& files,
                  Templates::Texts& texts);

}  // namespace zinit
