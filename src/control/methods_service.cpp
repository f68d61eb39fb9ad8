// service.*, the half that only asks.
#include "control/answers.hpp"
#include "control/handlers.hpp"
#include "control/views.hpp"

namespace zinit {

Outcome service_list(Call& call) { return json_of(call.context.board.names()); }

Outcome service_list_full(Call& call) {
  const StatusSelection selection(call.params.strings("members"));
  JsonWriter writer;
  writer.begin_array();
  for (const ServiceView& view : call.context.board.views())
    put_status_full(writer, view, call.context.logs, selection);
  return writer.end_array().take();
}

Outcome service_status(Call& call) {
  const std::optional<ServiceView> view = call.context.board.view(name_of(call));
  if (!view) return service_not_found(call.context.board, name_of(call));
  JsonWriter writer;
  put_status(writer, *view);
  return writer.take();
}

Outcome service_status_full(Call& call) {
  return outcome_of(status_full_of(call.context, name_of(call)));
}

Outcome service_why(Call& call) {
  const std::optional<WhyReport> report = call.context.board.why(name_of(call));
  if (!report) return service_not_found(call.context.board, name_of(call));
  return why_json(*report);
}

Outcome service_tree(Call& call) {
  const Board& board = call.context.board;
  const bool reverse = call.params.boolean("reverse");
  const auto name = call.params.string("name");
  if (!name) return tree_json(board, kNoSlot, reverse);
  const Slot root = board.find(*name);
  if (root == kNoSlot) return service_not_found(board, *name);
  return tree_json(board, root, reverse);
}

Outcome service_is_running(Call& call) {
  const auto brief = call.context.board.brief(name_of(call));
  if (!brief) return service_not_found(call.context.board, name_of(call));
  return json_of(brief->state == State::running || brief->done);
}

}  // namespace zinit
