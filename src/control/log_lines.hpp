// Lines of logs as clients see them: shared by the answers of logs.* and the notifications.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/json_writer.hpp"
#include "io/log_store.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// The members of a line: `time_us`, `stream`, `line`, `raw` where the bytes are no UTF-8, `seq`.
void put_log_line(JsonWriter& writer, const LogLine& line);

/// The log of that name: a service's, zinit's own or that of /dev/log. kNoSlot where there is none.
[[nodiscard]] Slot log_slot(const Board& board, std::string_view name);

}  // namespace zinit
