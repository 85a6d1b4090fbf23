// Package client uploads files to Vouch and downloads what it has verified.
package client
