// Places at which a build for tests can be told to crash: where what zinit has noted and what is
// true may differ. All modes but release have them (ZINIT_KILL_POINTS); there this is nothing.
#pragma once

namespace zinit {

#ifdef ZINIT_KILL_POINTS
/// Crashes if ZINIT_KILL_AT is "NAME" or "NAME:N", for the N-th time that this image comes here,
/// and the file that ZINIT_KILL_MARK names does not exist. Makes that file before, so that there is
/// one crash. Async-signal-safe; any thread.
void kill_point(const char* name) noexcept;
/// Whether ZINIT_CRASHES_APART is set: crashes count as if there were an hour between any two.
/// Async-signal-safe; any thread.
[[nodiscard]] bool crashes_apart() noexcept;
#else
inline void kill_point(const char* /*name*/) noexcept {}
inline bool crashes_apart() noexcept { return false; }
#endif

}  // namespace zinit
