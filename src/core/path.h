/* path: names of files. Functions that return char * return memory that the caller frees, NULL: none. */
#ifndef HF_CORE_PATH_H
#define HF_CORE_PATH_H

/* "directory/name" */
char *hf_path_join(const char *directory, const char *name);

/* path as seen from directory: path alone if it is absolute or the directory is ".". */
char *hf_path_resolve(const char *directory, const char *path);

/* path as seen from the root; NULL also where there is no current directory. */
char *hf_path_absolute(const char *path);

/* The folder that path is in: "." without a slash, "/" for /name. */
char *hf_path_folder(const char *path);

/* The last component, inside path. */
const char *hf_path_name(const char *path);

#endif
