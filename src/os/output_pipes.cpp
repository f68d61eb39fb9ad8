// Whose the pipes of a process are. See output_pipes.hpp.
#include "os/output_pipes.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace zinit {

namespace {

// The writing end for everybody. The owner, who is zinit's user, keeps what it had.
constexpr mode_t kWritable = 0622;

}  // namespace

Result<void> give_to(uid_t user, const OutputPipes& pipes) {
  constexpr auto same_group = static_cast<gid_t>(-1);
  for (const UniqueFd* pipe : {&pipes.out, &pipes.err}) {
    if (::fchown(pipe->get(), user, same_group) == 0) continue;
    const int errnum = errno;
    if (::fchmod(pipe->get(), kWritable) < 0)
      return sys_failure("change the owner of", "an output pipe", errnum);
  }
  return {};
}

}  // namespace zinit
