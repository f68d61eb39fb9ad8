# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# The static program of `make release`; the archive is a parameter, and so may be a homepage:
#
#   pkgs.callPackage ./package.nix { archive = ./zinit-0.1.0-x86_64.tar.gz; }
{ lib, stdenvNoCC, archive, homepage ? null }:

stdenvNoCC.mkDerivation {
  pname = "zinit";
  version = "0.1.0";
  src = archive;

  # The program needs no loader, so there is nothing to patch in it.
  dontPatchELF = true;
  dontStrip = true;

  # Directories of /etc and /usr/lib belong to the machine.
  installPhase = ''
    bash ./install --destdir "$TMPDIR/root" --prefix ""
    mkdir -p "$out"
    cp -r "$TMPDIR"/root/bin "$TMPDIR"/root/sbin "$TMPDIR"/root/share "$out"
    mkdir -p "$out/share/doc"
    cp -r . "$out/share/doc/zinit"
    rm -r "$out/share/doc/zinit/files"
  '';

  meta = {
    description = "Process supervisor and init in one static file";
    license = with lib.licenses; [ asl20 lgpl21Plus ];
    platforms = [ "x86_64-linux" "aarch64-linux" ];
    mainProgram = "zinitctl";
  } // lib.optionalAttrs (homepage != null) { inherit homepage; };
}
